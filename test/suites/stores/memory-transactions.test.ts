import { describe, expect, it } from 'vitest'
import type { Transaction } from '../../../src/contracts.ts'
import { memoryTransactions } from '../../../src/stores/memory-transactions.ts'

function transaction(state: string, expiresAt = 1_000): Transaction {
  return {
    state,
    codeVerifier: 'verifier',
    slot: 'provider',
    issuer: 'https://id.example.com',
    clientId: 'client',
    redirectUri: 'https://app.example.com/callback',
    tokenEndpoint: 'https://id.example.com/token',
    scopes: ['openid'],
    appState: { returnTo: '/' },
    startedAt: 0,
    expiresAt,
  }
}

describe('transactions in memory', () => {
  it('are given once', async () => {
    const transactions = memoryTransactions({ clock: { now: () => 0 } })
    await transactions.put(transaction('s'))
    const takers = await Promise.all([transactions.take('s'), transactions.take('s'), transactions.take('s')])
    expect(takers.filter((taken) => taken !== undefined)).toEqual([transaction('s')])
    expect(await transactions.take('s')).toBeUndefined()
  })

  it('are not given for a state that was never put', async () => {
    const transactions = memoryTransactions()
    expect(await transactions.take('unknown')).toBeUndefined()
    expect(await transactions.take('__proto__')).toBeUndefined()
  })

  it('end at their expiry', async () => {
    let now = 0
    const transactions = memoryTransactions({ clock: { now: () => now } })
    await transactions.put(transaction('early', 100))
    await transactions.put(transaction('late', 200))
    now = 100
    expect(await transactions.take('early')).toBeUndefined()
    expect(await transactions.take('late')).toEqual(transaction('late', 200))
  })

  it('are bounded in number: the oldest is forgotten, expired ones before it', async () => {
    let now = 0
    const transactions = memoryTransactions({ clock: { now: () => now }, limit: 2 })
    await transactions.put(transaction('a'))
    await transactions.put(transaction('expiring', 10))
    now = 10
    await transactions.put(transaction('b'))
    await transactions.put(transaction('c'))
    expect(await transactions.take('a')).toBeUndefined()
    expect(await transactions.take('b')).toEqual(transaction('b'))
    expect(await transactions.take('c')).toEqual(transaction('c'))
  })

  it('cannot be changed by who put or took them', async () => {
    const transactions = memoryTransactions({ clock: { now: () => 0 } })
    const given = { ...transaction('s'), scopes: ['openid'] }
    await transactions.put(given)
    given.scopes.push('admin')
    const taken = await transactions.take('s')
    expect(taken?.scopes).toEqual(['openid'])
    expect(Object.isFrozen(taken?.appState)).toBe(true)
  })

  it('refuse a limit that keeps nothing', () => {
    expect(() => memoryTransactions({ limit: 0 })).toThrow(TypeError)
  })
})
