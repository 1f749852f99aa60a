import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { manualClock } from '../../src/testing/index.ts'
import { refusedAfter } from './loopback-request.ts'
import { hosted, rig } from './node-client-rig.ts'

const cleanups: (() => unknown)[] = []

afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()))
})

/** Takes a port of 127.0.0.1, and gives its number. */
async function occupied(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return (server.address() as { port: number }).port
}

function portOf(address: URL | undefined): number {
  return Number(new URL(address?.searchParams.get('redirect_uri') ?? '').port)
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 300 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 10))
  if (!condition()) throw new Error('waited in vain')
}

const withHosted = (issuer = 'https://as.latchkey.test'): ReturnType<typeof oidc> =>
  oidc({ issuer, redirect: { loopback: { host: '127.0.0.1', path: '/callback' }, hosted } })

/** `code#state` says nothing of the issuer, so that a server which announces that it does cannot be answered so. */
const namesNoIssuer = { responseIss: 'off' } as const

describe('signing in by a loopback port', () => {
  it('stores the tokens, then tells the browser, and frees the port', async () => {
    const { client, output, browse, printed } = rig()
    let page = Promise.resolve('')
    const result = await client.signIn({
      appState: { returnTo: '/inbox' },
      output,
      openBrowser: (url) => {
        page = browse(url)
      },
    })
    expect(result).toMatchObject({ appState: { returnTo: '/inbox' }, missingScopes: [] })
    expect(await page).toContain('You are signed in')
    expect(client.getSnapshot().status).toBe('signed-in')
    expect(await client.getAccessToken()).toBeTruthy()
    expect(printed()).toHaveLength(1)
    expect(printed()[0]?.searchParams.get('redirect_uri')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/)
    expect(await refusedAfter(portOf(printed()[0]))).toBeLessThan(1_000)
  })

  it('asks for what this sign-in wishes', async () => {
    const { client, output, browse, printed } = rig()
    const authorizationParams = { prompt: 'login' }
    const result = await client.signIn({ scopes: ['openid', 'read'], authorizationParams, output, openBrowser: browse })
    expect(result.scopes).toEqual(['openid', 'read'])
    expect(printed()[0]?.searchParams.get('prompt')).toBe('login')
  })

  it('uses the host, the ports and the path of the provider', async () => {
    const redirect = { loopback: { host: 'localhost', ports: [await occupied(), 0], path: '/auth/callback' } }
    const { client, output, browse, printed } = rig({
      provider: oidc({ issuer: 'https://as.latchkey.test', redirect }),
    })
    await client.signIn({ output, openBrowser: browse })
    expect(printed()[0]?.searchParams.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/auth\/callback$/)
  })

  it('uses the redirect URI of the application before that of the provider', async () => {
    const { client, output, browse, printed } = rig({
      provider: withHosted(),
      redirectUri: 'http://localhost/auth/callback',
    })
    await client.signIn({ output, openBrowser: browse, input: new PassThrough() })
    expect(printed().map((url) => new URL(url.searchParams.get('redirect_uri') ?? '').pathname)).toEqual([
      '/auth/callback',
    ])
  })

  it('tells the browser and the caller that the person said no', async () => {
    const { client, output, browse, printed } = rig()
    let page = Promise.resolve('')
    const attempt = client.signIn({
      output,
      openBrowser: (url) => {
        page = browse(url, { deny: 'access_denied' })
      },
    })
    await expect(attempt).rejects.toMatchObject({ code: 'access_denied' })
    expect(await page).toContain('You are not signed in')
    expect(await refusedAfter(portOf(printed()[0]))).toBeLessThan(1_000)
  })

  it('does not tell the browser of a success that did not happen', async () => {
    const { client, server, output, browse } = rig()
    server.faults.next('token', { status: 400, body: { error: 'invalid_grant' } })
    let page = Promise.resolve('')
    const attempt = client.signIn({
      output,
      openBrowser: (url) => {
        page = browse(url)
      },
    })
    await expect(attempt).rejects.toMatchObject({ code: 'authorization_failed' })
    expect(await page).toContain('You are not signed in')
    expect(await client.token()).toBeUndefined()
  })

  it('claims neither success nor failure when it was aborted during the exchange', async () => {
    const { client, server, output, browse } = rig()
    const [stop, held] = [new AbortController(), server.faults.hold('token')]
    let page = Promise.resolve('')
    const attempt = client.signIn({
      output,
      signal: stop.signal,
      openBrowser: (url) => {
        page = browse(url)
      },
    })
    await held.arrived
    stop.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
    expect(await page).toContain('Your answer has arrived')
    held.release()
  })

  it('is not ended by callbacks of others', async () => {
    const { client, server, output, browse } = rig()
    const result = await client.signIn({
      output,
      openBrowser: async (url) => {
        const forged = new URL(url.searchParams.get('redirect_uri') ?? '')
        for (const query of ['error=access_denied', 'code=evil&state=guess', 'error=x&state=']) {
          forged.search = query
          expect((await fetch(forged)).status).toBe(400)
        }
        await browse(url)
      },
    })
    expect(result.account?.subject).toBe('ada')
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
  })

  it('does not mind a browser that cannot be opened', async () => {
    const { client, output, browse, printed } = rig()
    const result = client.signIn({
      output,
      openBrowser: () => {
        throw new Error('no browser')
      },
    })
    await until(() => printed().length === 1)
    for (const url of printed()) await browse(url)
    expect(await result).toMatchObject({ account: { subject: 'ada' } })
  })

  it('fails when its only port is taken', async () => {
    const port = await occupied()
    const { client, output } = rig()
    const attempt = client.signIn({ port, output, openBrowser: false })
    await expect(attempt).rejects.toMatchObject({ code: 'port_in_use', detail: { ports: [port] } })
  })

  it('ends with aborted, or with timeout, and frees the port', async () => {
    for (const code of ['aborted', 'timeout']) {
      const { client, output, printed } = rig()
      const stop = new AbortController()
      const limits = code === 'timeout' ? { timeout: 300 } : { signal: stop.signal }
      const attempt = client.signIn({ ...limits, output, openBrowser: () => stop.abort(), input: new PassThrough() })
      await expect(attempt).rejects.toMatchObject({ code })
      expect(await refusedAfter(portOf(printed()[0]))).toBeLessThan(1_000)
    }
  })

  it('does not begin when it was aborted before', async () => {
    const { client, server, output } = rig()
    const attempt = client.signIn({ output, openBrowser: false, signal: AbortSignal.abort() })
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
    expect(output.text).toBe('')
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
  })
})

describe('signing in by a paste', () => {
  it('takes the address the browser ended at, frees the port, and lets go of the input', async () => {
    const { client, server, output, printed } = rig()
    const input = new PassThrough()
    const result = client.signIn({ input, output, openBrowser: false })
    await until(() => printed().length === 1)
    for (const url of printed()) input.write(`not this one\n${await server.approve(url)}\n`)
    expect(await result).toMatchObject({ account: { subject: 'ada' } })
    expect(await refusedAfter(portOf(printed()[0]))).toBeLessThan(1_000)
    expect(input.isPaused()).toBe(true)
    expect(output.text).toContain('Never paste what somebody else sent you.')
    expect(output.text).not.toContain('not this one')
  })

  it('takes code#state of the hosted page, and exchanges it with the redirect URI of that page', async () => {
    const { client, server, output, printed } = rig({ provider: withHosted() }, namesNoIssuer)
    const input = new PassThrough()
    const result = client.signIn({ input, output, openBrowser: false })
    await until(() => printed().length === 2)
    const address = printed().find((url) => url.searchParams.get('redirect_uri') === hosted)
    const callback = await server.approve(address ?? '')
    const code = callback.searchParams.get('code')
    input.write(`${code}\n${code}#wrong\n${code}#${callback.searchParams.get('state')}\n`)
    expect(await result).toMatchObject({ account: { subject: 'ada' } })
    expect(server.history.count({ endpoint: 'token' })).toBe(1)
    expect(output.text).not.toContain(code)
  })

  it('loses to the loopback port when that is first, and lets go of the input', async () => {
    const { client, output, browse, printed } = rig({ provider: withHosted() }, namesNoIssuer)
    const input = new PassThrough()
    expect(await client.signIn({ input, output, openBrowser: browse })).toMatchObject({ account: { subject: 'ada' } })
    expect(printed()).toHaveLength(2)
    expect(input.isPaused()).toBe(true)
    expect(input.listenerCount('data')).toBe(0)
  })

  it('is over when the input ends, which does not end the sign-in', async () => {
    const { client, output, browse, printed } = rig()
    const input = new PassThrough()
    input.end()
    const result = client.signIn({ input, output, openBrowser: false })
    await until(() => printed().length === 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (const url of printed()) await browse(url)
    expect(await result).toMatchObject({ account: { subject: 'ada' } })
  })

  it('alone opens no port and no browser where the provider has a page for it', async () => {
    const { client, output, printed } = rig({ provider: withHosted() }, namesNoIssuer)
    const input = new PassThrough()
    input.end('a-code-alone\n')
    const attempt = client.signIn({ via: 'paste', input, output })
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
    expect(printed().map((url) => url.searchParams.get('redirect_uri'))).toEqual([hosted])
    expect(output.text).toContain('A code alone is not enough')
  })

  it('is what is left when no port is free', async () => {
    const { client, server, output, printed } = rig({ provider: withHosted() }, namesNoIssuer)
    const input = new PassThrough()
    const result = client.signIn({ port: await occupied(), input, output, openBrowser: false })
    await until(() => printed().length === 1)
    for (const url of printed()) {
      const { searchParams } = await server.approve(url)
      input.write(`${searchParams.get('code')}#${searchParams.get('state')}\n`)
    }
    expect(await result).toMatchObject({ account: { subject: 'ada' } })
  })

  it('is not tried without a terminal and without an input', async () => {
    const redirect = { hosted }
    const { client, output } = rig({ provider: oidc({ issuer: 'https://as.latchkey.test', redirect }) })
    await expect(client.signIn({ output })).rejects.toMatchObject({ code: 'unsupported' })
    await expect(client.signIn({ via: 'loopback', output })).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('signing in by another device', () => {
  const issuer = 'https://as.latchkey.test'
  const endpoints = { authorization: `${issuer}/authorize`, token: `${issuer}/token` }

  it('shows the address and the code, and waits', async () => {
    const clock = manualClock()
    // Fifty seconds of theirs are one of ours.
    const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, ms / 50))
      if (!signal?.aborted) clock.advance(ms)
    }
    const { client, server, output } = rig({ clock: { now: clock.now, sleep } }, { clock })
    const result = client.signIn({ via: 'device', appState: 1, output })
    await until(() => /code:\n\n\S+\n/.test(output.text))
    await server.approveDevice(/code:\n\n(\S+)\n/.exec(output.text)?.[1] ?? '')
    expect(await result).toMatchObject({ appState: 1 })
  })

  it('is what is left when no port is free, nothing can be pasted, and the provider has it', async () => {
    const deviceAuthorization = `${issuer}/device_authorization`
    const { client, output } = rig({
      provider: oauth2({ id: 'test', issuer, endpoints: { ...endpoints, deviceAuthorization } }),
    })
    const stop = new AbortController()
    const attempt = client.signIn({ port: await occupied(), output, signal: stop.signal })
    await until(() => output.text.includes('enter this code'))
    stop.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
  })

  it('is not tried where the provider does not have it', async () => {
    const { client, output } = rig({ provider: oauth2({ id: 'test', issuer, endpoints }) })
    const attempt = client.signIn({ port: await occupied(), output })
    await expect(attempt).rejects.toMatchObject({ code: 'port_in_use' })
  })

  it('ends with aborted', async () => {
    const { client, output } = rig()
    const stop = new AbortController()
    const attempt = client.signIn({ via: 'device', output, signal: stop.signal })
    await until(() => output.text !== '')
    stop.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a time that no timer can wait', () => {
  it.each(['loopback', 'paste', 'device'] as const)('is refused before anybody is asked, by %s', async (via) => {
    const { client, output } = rig()
    for (const timeout of [0, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(client.signIn({ via, output, timeout, input: new PassThrough() })).rejects.toThrow(TypeError)
    }
    expect(output.text).toBe('')
  })
})

describe('a redirect URI that cannot be', () => {
  it.each([
    'not a url',
    'http://id.example.com/callback',
    'http://192.168.0.1/callback',
    'http://127.0.0.1/callback?app=cli',
    'http://127.0.0.1/callback#here',
  ])('is refused: %s', (uri) => {
    expect(() => rig({ redirectUri: uri })).toThrow(expect.objectContaining({ code: 'config' }))
  })
})
