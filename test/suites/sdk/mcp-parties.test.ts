import { beforeEach, describe, expect, it } from 'vitest'
import { away, issuer, key, mcpRig, record, refresh } from './mcp-rig.ts'
import type { MCPRig } from './mcp-rig.ts'

let rig: MCPRig

beforeEach(() => {
  rig = mcpRig()
})

const elsewhere = 'https://elsewhere.example'
const tokens = { access_token: 'a', token_type: 'Bearer', refresh_token: 'first', issuer }

describe('tokens belong to the client id they were issued to', () => {
  it('also where somebody else who shares the store has registered another meanwhile', async () => {
    const callback = await away(rig.provider())
    const other = rig.provider()
    await other.saveClientInformation({ client_id: 'registered-by-other', issuer })
    await other.finish(callback, async () => {
      await other.addClientAuthentication(new Headers(), new URLSearchParams({ code: 'the-code' }))
      await other.saveTokens(tokens)
    })
    expect((await rig.store.get(key))?.clientId).toBe('mcp-client')
  })

  it('and are renewed by that', async () => {
    await rig.store.update(key, () => record('first'))
    const other = rig.provider()
    await other.saveClientInformation({ client_id: 'registered-by-other', issuer })
    const request = refresh('first')
    await other.addClientAuthentication(new Headers(), request)
    expect(request.get('client_id')).toBe('mcp-client')
    await other.saveTokens({ ...tokens, refresh_token: 'second' })
    expect(await rig.store.get(key)).toMatchObject({ clientId: 'mcp-client', tokens: { refreshToken: 'second' } })
  })
})

describe('what one server issued', () => {
  it('is shown to no other, though somebody has signed in there while we waited for our turn', async () => {
    const mcp = rig.provider()
    await rig.store.update(key, () => record('ours'))
    await mcp.tokens()
    await rig.store.update(key, () => ({ ...record('of-another'), issuer: elsewhere, clientId: 'client-there' }))
    await mcp.saveClientInformation({ client_id: 'mcp-client', issuer })
    const request = refresh('ours')
    await mcp.addClientAuthentication(new Headers(), request)
    expect([request.get('refresh_token'), request.get('client_id')]).toEqual(['ours', 'mcp-client'])
    await mcp.saveTokens({ ...tokens, refresh_token: 'ours-renewed' })
    expect((await rig.store.get(key))?.tokens.refreshToken).toBe('of-another')
  })

  it.each([
    ['by who said so', { issuer }],
    ['by who did not say', {}],
  ])('is renewed there %s', async (_name, stamp) => {
    const mcp = rig.provider()
    await rig.store.update(key, () => record('old'))
    await mcp.tokens()
    const { issuer: _, ...renewed } = record('new')
    await rig.store.update(key, () => ({ ...renewed, ...stamp }))
    const request = refresh('old')
    await mcp.addClientAuthentication(new Headers(), request)
    expect(request.get('refresh_token')).toBe('new')
  })

  it('as a code, is redeemed where the person was sent, and nowhere else', async () => {
    const mcp = rig.provider()
    const request = new URLSearchParams({ code: 'the-code' })
    // The SDK says more than the interface tells.
    const ask = mcp.addClientAuthentication as (...given: unknown[]) => Promise<void>
    const exchangeAt = async (place: string): Promise<void> =>
      mcp.finish(await away(mcp), () => ask(new Headers(), request, new URL(`${place}/token`)))
    await expect(exchangeAt(elsewhere)).rejects.toMatchObject({ code: 'issuer_mismatch' })
    expect(request.has('code_verifier')).toBe(false)
    await exchangeAt(issuer)
    expect(request.has('code_verifier')).toBe(true)
  })
})
