import { describe, expect, it } from 'vitest'
import type { StoredRecord } from '../../src/contracts.ts'
import type { Claim, ClaimAnswer, VaultSocket } from '../../src/stores/durable-object-queue.ts'
import { durableObjectStore, type VaultNamespace, type VaultStub } from '../../src/stores/durable-object.ts'
import { type Socketed, through, VAULT } from './bindings.ts'

let objects = 0
const patience = { timeout: 10_000 }

describe('the queue of an object', () => {
  it('keeps the lock for a holder whose connection breaks and who comes back at once', async () => {
    const stub = object()
    const first = await claim(stub, { token: 'first', length: 3000 })
    const second = await claim(stub, { token: 'second' })
    first.hangUp()
    await pause(100)
    const back = await claim(stub, { token: 'first', length: 3000, again: true })
    await pause(800)
    expect(back.heard).toEqual([true])
    expect(second.heard).toEqual([false])
  })

  it('takes the lock from a silent holder, however lively those are who wait', async () => {
    const stub = object()
    await claim(stub, { token: 'first', length: 600 })
    const second = await claim(stub, { token: 'second' })
    for (let beat = 0; beat < 30 && second.heard.length === 1; beat++) {
      second.beat()
      await pause(50)
    }
    expect(second.heard).toEqual([false, true])
  })

  it('goes past those whose connection broke while they waited, and who said nothing', async () => {
    const stub = object()
    await claim(stub, { token: 'first' })
    const second = await claim(stub, { token: 'second' })
    const third = await claim(stub, { token: 'third' })
    second.hangUp()
    await pause(100)
    await release(stub, 'first')
    await heard(third, [false, true])
  })

  it('goes past those who said that they leave, and whose connection is still there', async () => {
    const stub = object()
    await claim(stub, { token: 'first' })
    const second = await claim(stub, { token: 'second' })
    const third = await claim(stub, { token: 'third' })
    await release(stub, 'second')
    await release(stub, 'first')
    await heard(third, [false, true])
    expect(second.heard).toEqual([false])
  })

  it('takes the lock from who has it too long, signs of life or not, and lets them write nothing by it', async () => {
    const stub = object()
    const first = await claim(stub, { token: 'first', limit: 500 })
    const second = await claim(stub, { token: 'second' })
    for (let beat = 0; beat < 30 && first.heard.length === 1; beat++) {
      first.beat()
      await pause(50)
    }
    await heard(second, [false, true])
    await heard(first, [true, false, 'end'])
    const next = { revision: 'r', text: '{}', tag: 't' }
    expect(await ask(stub, { do: 'write', expected: '', lease: 'first', next })).toMatchObject({ outcome: 'lost' })
  })

  it('gives no new time to a holder who comes back', async () => {
    const stub = object()
    const began = performance.now()
    const first = await claim(stub, { token: 'first', limit: 1500, length: 10_000 })
    const second = await claim(stub, { token: 'second' })
    await pause(1000)
    first.hangUp()
    await claim(stub, { token: 'first', limit: 1500, length: 10_000, again: true })
    await heard(second, [false, true])
    expect(performance.now() - began).toBeLessThan(2300)
  })

  it('gives what was lost to nobody who comes back for it, even if it is free', async () => {
    const stub = object()
    await claim(stub, { token: 'first' })
    await release(stub, 'first')
    await heard(await claim(stub, { token: 'first', again: true }), [false])
    await heard(await claim(stub, { token: 'second' }), [true])
  })
})

describe('who waits for a lock in a Durable Object', () => {
  it('can hold it for as long as the wait would have been, and half a minute', async () => {
    const claims: Claim[] = []
    const store = durableObjectStore(
      claiming((given) => (claims.push(given), given)),
      { prefix: `queue ${objects++}` },
    )
    await store.lock('a', async () => 1, { timeout: 1000 })
    await store.lock('a', async () => 1, { timeout: 2 ** 31 })
    expect(claims.map(({ limit, again }) => [limit, again])).toEqual([
      [31_000, false],
      [2 ** 31 - 1, false],
    ])
  })

  it('is told by the next write that it took too long, and calls no more', async () => {
    const prefix = `queue ${objects++}`
    let connections = 0
    const short = claiming((given) => {
      connections++
      return { ...given, limit: 300 }
    })
    await durableObjectStore(short, { prefix }).lock(
      'a',
      async (held) => {
        expect(await durableObjectStore(VAULT, { prefix }).lock('a', async () => 'free', patience)).toBe('free')
        await pause(500)
        await expect(held.update('a', () => record)).rejects.toMatchObject({ detail: { reason: 'the lock was lost' } })
      },
      patience,
    )
    expect(connections).toBe(1)
  })

  it('writes nothing by a lock that somebody else had while its connection was broken', async () => {
    const prefix = `queue ${objects++}`
    const sockets: NonNullable<Socketed['webSocket']>[] = []
    let dead = false
    const broken = through(async (stub, url, init) => {
      if (dead) throw new Error('dead')
      const response = await stub.fetch(url, init)
      const { webSocket } = response as Socketed
      if (webSocket) sockets.push(webSocket)
      return response
    })
    await durableObjectStore(broken, { prefix, lease: 500 }).lock(
      'a',
      async (held) => {
        dead = true
        for (const socket of sockets) socket.close(4000)
        await durableObjectStore(VAULT, { prefix }).lock('a', async () => 1, patience)
        dead = false
        await pause(1000)
        await expect(held.update('a', () => record)).rejects.toMatchObject({ detail: { reason: 'the lock was lost' } })
      },
      patience,
    )
  })
})

const record: StoredRecord = { tokens: { accessToken: 'late', tokenType: 'Bearer' } }

interface Talk {
  /** Whether the lock was granted, each time something was said; and the end. */
  readonly heard: (boolean | 'end')[]
  beat(): void
  hangUp(): void
}

function object(): VaultStub {
  return VAULT.get(VAULT.idFromName(`queue ${objects++}`))
}

/** Claims as a store does, and listens. */
async function claim(stub: VaultStub, given: Partial<Claim> & Pick<Claim, 'token'>): Promise<Talk> {
  const response = await stub.fetch('https://vault/', { headers: { upgrade: 'websocket' } })
  const { webSocket } = response as unknown as { readonly webSocket: VaultSocket }
  const all: Talk['heard'] = []
  webSocket.addEventListener('message', ({ data }) => all.push((JSON.parse(String(data)) as ClaimAnswer).granted))
  webSocket.addEventListener('close', () => all.push('end'))
  webSocket.accept()
  webSocket.send(JSON.stringify({ length: 15_000, limit: 60_000, again: false, ...given }))
  await until(() => all.length > 0)
  return { heard: all, beat: () => webSocket.send('alive'), hangUp: () => webSocket.close(1000) }
}

async function heard(talk: Talk, expected: Talk['heard']): Promise<void> {
  await until(() => talk.heard.length >= expected.length)
  expect(talk.heard).toEqual(expected)
}

async function ask(stub: VaultStub, call: object): Promise<unknown> {
  return (await stub.fetch('https://vault/', { method: 'POST', body: JSON.stringify(call) })).json()
}

function release(stub: VaultStub, lease: string): Promise<unknown> {
  return ask(stub, { do: 'release', lease })
}

/** The binding with other claims. */
function claiming(change: (given: Claim) => Claim): VaultNamespace {
  return through(async (stub, url, init) => {
    const response = await stub.fetch(url, init)
    const { webSocket } = response as Socketed
    if (!webSocket) return response
    const send = webSocket.send.bind(webSocket)
    webSocket.send = (text) => send(text === 'alive' ? text : JSON.stringify(change(JSON.parse(text) as Claim)))
    return response
  })
}

/** Waits, at most for some seconds: what did not come by then is told by what is expected. */
async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; look < 250 && !condition(); look++) await pause(20)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
