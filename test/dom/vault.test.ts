import { afterEach, describe, expect, it } from 'vitest'
import { createVaultClient, serveVault } from '../../src/browser/vault.ts'
import type { VaultClient, VaultClientOptions, VaultOptions } from '../../src/browser/vault.ts'
import { fetchByVault } from '../../src/browser/vault-link.ts'
import { openVault } from '../../src/browser/vault-server.ts'
import type { ClientEvent, Fetch } from '../../src/index.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createAuthorizationServer, manualClock } from '../../src/testing/index.ts'
import type { AuthorizationServer, TestClock } from '../../src/testing/index.ts'
import { redirectUri } from '../suites/client/rig.ts'

interface VaultRig {
  readonly server: AuthorizationServer
  readonly clock: TestClock
  readonly client: VaultClient
  readonly events: unknown[]
  readonly api: string
  /** Asks the vault for a task as a page could, and gives what it says but that it has heard. */
  ask(task: string, given?: unknown): Promise<unknown>
  signIn(): Promise<void>
  hear: (event: { data: unknown; ports: readonly MessagePort[] }) => Promise<void>
}

const clients: VaultClient[] = []
afterEach(() => clients.splice(0).forEach((client) => client.dispose()))

/** A vault in this very realm: what it says still goes through ports, as it would from a worker. */
function rig(
  more: Partial<VaultOptions> = {},
  page: Partial<VaultClientOptions> = {},
  between: (server: Fetch) => Fetch = (fetch) => fetch,
): VaultRig {
  const clock = manualClock()
  const server = createAuthorizationServer({ clock })
  const events: ClientEvent['type'][] = []
  const hear = openVault({
    provider: oidc({ issuer: server.issuer, scopes: ['openid', 'profile', 'offline_access', 'read'] }),
    clientId: 'app',
    redirectUri,
    apiOrigins: [new URL(server.apiUrl).origin],
    fetch: between(server.fetch),
    clock,
    ...more,
  })
  const worker = {
    postMessage: (data: unknown, ports: Transferable[]) => void hear({ data, ports: ports as MessagePort[] }),
  }
  const client = createVaultClient({ worker: () => worker, onEvent: ({ type }) => events.push(type as never), ...page })
  clients.push(client)

  const ask = (task: string, given?: unknown): Promise<unknown> => {
    const { port1, port2 } = new MessageChannel()
    return new Promise((resolve) => {
      port1.onmessage = ({ data }) => {
        if (data.type === 'heard') return
        port1.close()
        resolve(data)
      }
      worker.postMessage({ type: 'latchkey:vault', task, given }, [port2])
    })
  }
  return {
    server,
    clock,
    client,
    events,
    api: `${server.apiUrl}/echo`,
    ask,
    hear,
    async signIn() {
      const { value } = (await ask('start', { leaving: false })) as { value: { url: string } }
      const callback = await server.approve(new URL(value.url))
      await client.handleRedirectCallback(callback)
    },
  }
}

const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { readonly code?: string }) => error.code ?? error,
  )

const until = async (check: () => boolean): Promise<void> => {
  const end = Date.now() + 2000
  while (!check() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(check()).toBe(true)
}

/** Has a lock of the name `life` held by somebody who can be ended. Whoever waits for it, and still wants it, is counted. */
function lockedUntil(): { free(): void; waiting(): number; restore(): void } {
  const original = Object.getOwnPropertyDescriptor(navigator, 'locks')
  const waiting = new Map<AbortSignal, () => void>()
  const request = (name: string, ...rest: unknown[]): Promise<unknown> => {
    const granted = rest.at(-1) as () => unknown
    const { signal } = rest[0] as { readonly signal?: AbortSignal }
    if (name !== 'life' || signal === undefined) return Promise.resolve().then(granted)
    return new Promise((resolve, reject) => {
      waiting.set(signal, () => resolve(granted()))
      signal.addEventListener('abort', () => {
        waiting.delete(signal)
        reject(signal.reason)
      })
    })
  }
  Object.defineProperty(navigator, 'locks', { configurable: true, value: { request } })
  return {
    free: () => waiting.forEach((grant) => grant()),
    waiting: () => waiting.size,
    restore() {
      if (original === undefined) Reflect.deleteProperty(navigator, 'locks')
      else Object.defineProperty(navigator, 'locks', original)
    },
  }
}

describe('a vault', () => {
  it('signs in, calls the API and signs out, and the page never has a token', async () => {
    const { client, signIn, api } = rig()
    await signIn()
    expect(client.getSnapshot()).toMatchObject({ status: 'signed-in', account: { subject: 'ada' } })
    const response = await client.fetch(api, { method: 'POST', body: 'hello', headers: { 'x-mine': 'yes' } })
    expect(response.status).toBe(200)
    expect(response.url).toBe('')
    expect(await response.json()).toMatchObject({ method: 'POST' })
    expect(await client.userInfo()).toMatchObject({ sub: 'ada' })
    expect(await client.signOut()).toEqual({ revocation: 'done', endSession: 'skipped' })
    expect(client.getSnapshot()).toEqual({ status: 'signed-out' })
    expect(await codeOf(client.fetch(api))).toBe('sign_in_required')
  })

  it('keeps the access token, unless it was told to give it away, and the other tokens in any case', async () => {
    const keeping = rig()
    await keeping.signIn()
    expect(await codeOf(keeping.client.getToken())).toBe('unsupported')
    const giving = rig({ accessToken: 'given' })
    await giving.signIn()
    const tokens = await giving.client.getToken()
    expect(Object.keys(tokens).sort()).toEqual(['accessToken', 'expiresAt', 'obtainedAt', 'scopes', 'tokenType'])
  })

  it('says no token whatever it is asked', async () => {
    const issued: string[] = []
    const { signIn, ask, api } = rig({}, {}, (fetch) => async (input, init) => {
      const response = await fetch(input, init)
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => undefined)
      for (const name of ['access_token', 'refresh_token', 'id_token']) {
        const token = (body as Record<string, unknown> | undefined)?.[name]
        if (typeof token === 'string') issued.push(token)
      }
      return response
    })
    await signIn()
    const request = { url: api, method: 'GET', headers: [], init: {} }
    const given = [
      undefined,
      {},
      { minValidity: 1 },
      { endSession: true, postLogoutRedirectUri: redirectUri },
      request,
      'x',
    ]
    const said: unknown[] = []
    for (const task of [
      'look',
      'start',
      'forget',
      'finish',
      'fetch',
      'getToken',
      'userInfo',
      'constructor',
      'signOut',
    ]) {
      for (const what of given) said.push(await ask(task, what))
    }
    expect(issued.length).toBe(3)
    const text = JSON.stringify(said)
    for (const token of issued) expect(text).not.toContain(token)
  })

  it.each(['constructor', 'toString', 'session'])('knows no task %s', async (task) => {
    expect(await rig().ask(task)).toMatchObject({ type: 'failed', failure: { code: 'unsupported' } })
  })

  it('renews the token for all who need it, once', async () => {
    const { client, signIn, api, clock, server, events } = rig()
    await signIn()
    clock.advance(3_600_000)
    const statuses = await Promise.all(Array.from({ length: 5 }, async () => (await client.fetch(api)).status))
    expect(statuses).toEqual([200, 200, 200, 200, 200])
    expect(server.history.count({ endpoint: 'token', grant: 'refresh_token' })).toBe(1)
    await until(() => events.includes('refreshed'))
  })

  it('sends the token nowhere but where its own configuration says', async () => {
    const { client, signIn } = rig()
    await signIn()
    expect(await codeOf(client.fetch('https://evil.example/'))).toBe('origin_not_allowed')
  })

  it('finishes a sign-in once, however often the page asks', async () => {
    const { client, server, ask } = rig()
    const { value } = (await ask('start', { leaving: false })) as { value: { url: string } }
    const callback = await server.approve(new URL(value.url))
    await Promise.all(Array.from({ length: 5 }, () => client.handleRedirectCallback(callback)))
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
    expect(await codeOf(client.handleRedirectCallback(`${redirectUri}?code=c&state=other`))).toBe('state_mismatch')
  })

  it('forgets a sign-in that was given up', async () => {
    const { client, server, ask } = rig()
    const { value } = (await ask('start', { leaving: false })) as { value: { url: string; state: string } }
    const callback = await server.approve(new URL(value.url))
    await ask('forget', value.state)
    expect(await codeOf(client.handleRedirectCallback(callback))).toBe('state_mismatch')
  })

  it('hands a body over in its parts, and stops when nobody wants more', async () => {
    let given = 0
    let cancelled = false
    const endless: Fetch = async () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            given += 1
            controller.enqueue(new Uint8Array(32_768).fill(given))
          },
          cancel: () => void (cancelled = true),
        }),
      )
    const { client, signIn, api } = rig(
      {},
      {},
      (fetch) => (input, init) => (String(input).startsWith(api) ? endless(input, init) : fetch(input, init)),
    )
    await signIn()
    const response = await client.fetch(api)
    const reader = response.body?.getReader()
    expect((await reader?.read())?.value?.[0]).toBe(1)
    expect((await reader?.read())?.value?.[0]).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(given).toBeLessThan(10)
    await reader?.cancel()
    await until(() => cancelled)
  })

  it('says so when an answer breaks off', async () => {
    const broken: Fetch = async () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array([1])),
          pull: (controller) => controller.error(new Error('secret')),
        }),
      )
    const { client, signIn, api } = rig(
      {},
      {},
      (fetch) => (input, init) => (String(input).startsWith(api) ? broken(input, init) : fetch(input, init)),
    )
    await signIn()
    const response = await client.fetch(api)
    const reader = response.body?.getReader()
    const all = (async () => {
      while ((await reader?.read())?.done === false);
    })()
    expect(await codeOf(all)).toBe('network')
  })

  it('gives up a request when the page does, with the reason of the page', async () => {
    let heard: AbortSignal | undefined
    const never: Fetch = (_input, init) => {
      heard = init?.signal ?? undefined
      return new Promise(() => undefined)
    }
    const { client, signIn, api } = rig(
      {},
      {},
      (fetch) => (input, init) => (String(input).startsWith(api) ? never(input, init) : fetch(input, init)),
    )
    await signIn()
    const stop = new AbortController()
    const work = client.fetch(api, { signal: stop.signal }).catch((error: unknown) => error)
    await until(() => heard !== undefined)
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await work).toBe(reason)
    await until(() => heard?.aborted === true)
  })

  it('is at work until all of its answer was read, so that a service worker is not ended before', async () => {
    const { hear, signIn, api } = rig()
    await signIn()
    const { port1, port2 } = new MessageChannel()
    const said: string[] = []
    port1.onmessage = ({ data }) => said.push(data.type)
    let over = false
    const given = { url: api, method: 'GET', headers: [], init: {} }
    const work = hear({ data: { type: 'latchkey:vault', task: 'fetch', given }, ports: [port2] }).then(
      () => (over = true),
    )
    await until(() => said.includes('done'))
    port1.postMessage({ type: 'pull' })
    await until(() => said.includes('part'))
    expect(over).toBe(false)
    port1.postMessage({ type: 'pull' })
    await work
    await until(() => said.join() === 'heard,done,part,part')
    port1.close()
  })

  it('gives up an upload that does not end, too', async () => {
    const stop = new AbortController()
    const endless = { arrayBuffer: { value: () => new Promise(() => undefined) } }
    const init = { method: 'POST', body: 'x', signal: stop.signal }
    const request = Object.defineProperties(new Request('https://api.example.com/', init), endless)
    const work = fetchByVault({ postMessage: () => undefined }, request, { timeout: 50, onBoard: () => undefined })
    const reason = new Error('enough')
    stop.abort(reason)
    expect(await work.catch((error: unknown) => error)).toBe(reason)
  })

  it('ends a session with the server without an ID token in the address', async () => {
    const { signIn, ask } = rig()
    await signIn()
    const answer = await ask('signOut', { endSession: true, postLogoutRedirectUri: redirectUri })
    const { value } = answer as { value: { endSession: string; url: string } }
    expect(value.endSession).toBe('leaving')
    expect([...new URL(value.url).searchParams.keys()]).toEqual(['client_id', 'post_logout_redirect_uri'])
  })

  it('is not impressed by messages that are no questions', async () => {
    const { hear, client, signIn } = rig()
    const { port1, port2 } = new MessageChannel()
    const said: unknown[] = []
    port1.onmessage = ({ data }) => said.push(data)
    for (const data of [undefined, null, 'look', {}, { type: 'latchkey:vault' }, { type: 'other', task: 'look' }]) {
      await hear({ data, ports: [port2] })
    }
    await hear({ data: { type: 'latchkey:vault', task: 'look' }, ports: [] })
    await signIn()
    expect(client.getSnapshot().status).toBe('signed-in')
    expect(said).toEqual([])
    port1.close()
  })

  it.each(['store', 'transactions', 'clientAuth'])('takes no %s', (name) => {
    expect(() => rig({ [name]: {} } as Partial<VaultOptions>)).toThrow(TypeError)
  })
})

describe('a page with a vault', () => {
  it('goes on with its fallback where there is no worker, and says so', async () => {
    const said: unknown[] = []
    const stand = rig().client
    const client = createVaultClient({
      worker: () => {
        throw new ReferenceError('SharedWorker is not defined')
      },
      fallback: () => stand as never,
      onEvent: (event) => said.push(event),
    })
    clients.push(client)
    await client.signOut()
    expect(said).toEqual([{ type: 'vault-missing', fallback: true }])
    await until(() => client.getSnapshot().status === 'signed-out')
  })

  it('says what it cannot do where there is neither', async () => {
    const said: unknown[] = []
    const client = createVaultClient({
      worker: () => Promise.reject(new Error('no')),
      onEvent: (event) => said.push(event),
    })
    clients.push(client)
    expect(await codeOf(client.fetch('https://api.example.com/'))).toBe('unsupported')
    expect(said).toEqual([{ type: 'vault-missing', fallback: false }])
    expect(client.getSnapshot()).toEqual({ status: 'signed-out', error: 'unsupported' })
  })

  it('does not wait for ever for one that is silent', async () => {
    const client = createVaultClient({ worker: () => ({ postMessage: () => undefined }), timeout: 50 })
    clients.push(client)
    expect(await codeOf(client.signOut())).toBe('timeout')
  })

  it.each([
    ['fallback', {}],
    ['redirectUri', 7],
    ['redirectUri', '/callback'],
    ['onEvent', 'log'],
    ['timeout', Infinity],
    ['timeout', Number.NaN],
    ['timeout', 0],
  ])('is told at once that %s cannot be %s', (name, value) => {
    const worker = (): { postMessage(): void } => ({ postMessage: () => undefined })
    expect(() => createVaultClient({ worker, [name]: value } as never)).toThrow(name)
  })

  it('does not wait for ever for one that never comes', async () => {
    const client = createVaultClient({ worker: () => new Promise<never>(() => undefined), timeout: 50 })
    clients.push(client)
    expect(await codeOf(client.signOut())).toBe('timeout')
    expect(await codeOf(client.fetch('https://api.example.com/'))).toBe('timeout')
  })

  it('lets go of its fallback too, if that is made when the client was disposed of already', async () => {
    const said: string[] = []
    let refuse: (reason: Error) => void = () => undefined
    const client = createVaultClient({
      worker: () => new Promise<never>((_, reject) => void (refuse = reject)),
      fallback: () => {
        const stand = rig().client
        return { ...stand, subscribe: () => said.push('subscribed'), dispose: () => said.push('disposed') } as never
      },
      onEvent: ({ type }) => said.push(type),
    })
    const work = client.signOut()
    client.dispose()
    refuse(new Error('no'))
    await work
    expect(said).toEqual(['disposed', 'vault-missing'])
  })

  it('is told when the worker was ended in the middle of an answer, whatever it waits for', async () => {
    const locks = lockedUntil()
    const answers: Record<string, object> = {
      fetch: { value: { url: '', status: 200, statusText: '', headers: [], redirected: false, hasBody: true } },
      look: { value: undefined },
    }
    const ports: MessagePort[] = []
    const postMessage = ({ task }: { task: string }, [port]: Transferable[]): void => {
      ports.push(port as MessagePort)
      ports.at(-1)?.postMessage({ type: 'heard', life: 'life' })
      const board = { channel: 'news', version: 1, snapshot: { status: 'signed-in' } }
      if (answers[task] !== undefined) ports.at(-1)?.postMessage({ type: 'done', ...answers[task], board })
    }
    const client = createVaultClient({ worker: () => ({ postMessage: postMessage as never }) })
    clients.push(client)
    try {
      const response = await client.fetch('https://api.example.com/')
      const silent = codeOf(client.userInfo())
      const cut = codeOf(response.body?.getReader().read() ?? Promise.resolve())
      await until(() => locks.waiting() === 2)
      locks.free()
      expect([await silent, await cut]).toEqual(['network', 'network'])
    } finally {
      locks.restore()
      for (const port of ports) port.close()
    }
  })

  it('hears of what happened elsewhere, and no more when it was disposed of', async () => {
    const { client, signIn, ask } = rig()
    const seen: string[] = []
    const values: string[] = []
    client.subscribe(() => seen.push(client.getSnapshot().status))
    client.readable.subscribe(({ status }) => values.push(status))
    await signIn()
    expect(client.getSnapshot()).toBe(client.getSnapshot())
    await ask('signOut', {})
    await until(() => client.getSnapshot().status === 'signed-out')
    await until(() => seen.at(-1) === 'signed-out')
    expect(values[0]).toBe('loading')
    expect(values.at(-1)).toBe('signed-out')
    client.dispose()
    await signIn()
    expect(client.getSnapshot().status).toBe('signed-out')
  })

  it('says nothing of a request that cannot be made', async () => {
    const { client } = rig()
    const error: unknown = await client.fetch('https://[secret').catch((e: unknown) => e)
    expect(error).toEqual(new TypeError('client.fetch cannot make this request.'))
  })

  it('cannot be a vault itself', () => {
    expect(() => serveVault({} as never)).toThrow('belongs into a worker')
  })
})
