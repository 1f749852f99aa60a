import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { authorizationUrl, challenge, exchange, postForm, redirectUri } from './browserless.ts'

const pushedFields = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: redirectUri,
  scope: 'read',
  state: 'pushed-state',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}

async function push(
  server: AuthorizationServer,
): Promise<{ readonly request_uri: string; readonly expires_in: number }> {
  return (await postForm(server, '/par', pushedFields)).json()
}

function withRequestUri(server: AuthorizationServer, requestUri: string, clientId = 'app'): URL {
  return new URL(`${server.issuer}/authorize?${new URLSearchParams({ client_id: clientId, request_uri: requestUri })}`)
}

/** The ticket in a page's form. */
async function ticketOf(page: Response): Promise<string> {
  return /name="ticket" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
}

describe('the authorization endpoint', () => {
  it('tells the client what is wrong with its request', async () => {
    const server = createAuthorizationServer()
    const wrong = [
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ response_mode: 'form_post' }, 'invalid_request'],
      [{ scope: 'read unheard-of' }, 'invalid_scope'],
      [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      [{ code_challenge_method: 'plain' }, 'invalid_request'],
      [{ code_challenge: 'short' }, 'invalid_request'],
      [{ request: 'e30.e30.' }, 'request_not_supported'],
      [{ prompt: 'none' }, undefined],
    ] as const
    for (const [changes, error] of wrong) {
      const callback = await server.approve(authorizationUrl(server, changes))
      expect(callback.searchParams.get('error') ?? undefined, JSON.stringify(changes)).toBe(error)
      expect(callback.searchParams.get('state')).toBe('state-1')
      expect(callback.searchParams.get('iss')).toBe(server.issuer)
      expect(callback.searchParams.has('code')).toBe(error === undefined)
    }
  })

  it('sends nobody to an address that it does not know', async () => {
    const server = createAuthorizationServer({ autoApprove: true })
    for (const changes of [
      { client_id: 'stranger' },
      { redirect_uri: 'https://evil.example/callback' },
      { redirect_uri: 'https://app.example.com/callback/' },
      { redirect_uri: 'https://app.example.com/callback?more' },
      { redirect_uri: undefined },
    ]) {
      const url = authorizationUrl(server, changes)
      await expect(server.approve(url)).rejects.toBeInstanceOf(TypeError)
      const page = await server.fetch(url)
      expect(page.status, JSON.stringify(changes)).toBe(400)
      expect(page.headers.get('location')).toBeNull()
      expect(page.headers.get('content-type')).toContain('text/html')
    }
  })

  it('leaves the port of a loopback address open, and nothing else of it', async () => {
    const hosts = ['127.0.0.1', 'localhost', '[::1]', 'intranet.example']
    const redirectUris = [redirectUri, ...hosts.map((host) => `http://${host}/callback`)]
    const server = createAuthorizationServer({ autoApprove: true, clients: [{ clientId: 'app', redirectUris }] })
    const status = async (uri: string): Promise<number> =>
      (await server.fetch(authorizationUrl(server, { redirect_uri: uri }))).status
    for (const host of hosts.slice(0, 3)) {
      expect(await status(`http://${host}:49152/callback`), host).toBe(302)
      expect(await status(`http://${host}/callback`), host).toBe(302)
      expect(await status(`https://${host}:49152/callback`), host).toBe(400)
      expect(await status(`http://${host}:49152/other`), host).toBe(400)
      expect(await status(`http://evil@${host}:49152/callback`), host).toBe(400)
    }
    expect(await status('http://127.0.0.1:80@evil.example/callback')).toBe(400)
    expect(await status('http://127.0.0.1.evil.example:80/callback')).toBe(400)
    expect(await status('http://intranet.example:8080/callback')).toBe(400)
    expect(await status('https://app.example.com:8443/callback')).toBe(400)
  })

  it('answers at once when it is told to, as whom and for what it is told', async () => {
    const server = createAuthorizationServer({
      users: [{ sub: 'ada' }, { sub: 'grace' }],
      autoApprove: { user: 'grace', scopes: ['read'] },
    })
    const redirect = await server.fetch(authorizationUrl(server, { scope: 'read write' }))
    const tokens = await exchange(server, new URL(redirect.headers.get('location') ?? ''))
    expect(await tokens.json()).toMatchObject({ scope: 'read' })
    expect(server.history.last('token')?.subject).toBe('grace')
  })

  it('sends the person back with a refusal', async () => {
    const server = createAuthorizationServer()
    const callback = await server.approve(authorizationUrl(server), { deny: 'access_denied' })
    expect(callback.searchParams.get('error')).toBe('access_denied')
    expect(callback.searchParams.has('code')).toBe(false)
  })

  it('asks for a person it does not know with a TypeError', async () => {
    const server = createAuthorizationServer()
    await expect(server.approve(authorizationUrl(server), { user: 'nobody' })).rejects.toBeInstanceOf(TypeError)
    await expect(server.approve(`${server.issuer}/elsewhere`)).rejects.toBeInstanceOf(TypeError)
  })

  it('says login_required when nobody may be asked', async () => {
    const server = createAuthorizationServer()
    const redirect = await server.fetch(authorizationUrl(server, { prompt: 'none' }))
    expect(redirect.headers.get('location')).toContain('error=login_required')
  })

  it('names itself in the callback, unless it is told not to', async () => {
    const metadata = async (server: AuthorizationServer) =>
      (await server.fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    const announced = 'authorization_response_iss_parameter_supported'
    const off = createAuthorizationServer({ responseIss: 'off' })
    expect((await off.approve(authorizationUrl(off))).searchParams.has('iss')).toBe(false)
    expect(await metadata(off)).not.toHaveProperty(announced)
    const unannounced = createAuthorizationServer({ responseIss: 'unannounced' })
    expect((await unannounced.approve(authorizationUrl(unannounced))).searchParams.get('iss')).toBe(unannounced.issuer)
    expect(await metadata(unannounced)).not.toHaveProperty(announced)
    expect(await metadata(createAuthorizationServer())).toHaveProperty(announced, true)
  })

  it('does without PKCE when it is told to, but not half', async () => {
    const server = createAuthorizationServer({ requirePkce: false })
    const bare = { code_challenge: undefined, code_challenge_method: undefined }
    const callback = await server.approve(authorizationUrl(server, bare))
    const answer = await exchange(server, callback)
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
  })
})

describe('the page', () => {
  it('lets a person choose who they are and what they grant', async () => {
    const server = createAuthorizationServer({ users: [{ sub: 'ada' }, { sub: 'grace', name: 'Grace' }] })
    const page = await server.fetch(authorizationUrl(server))
    expect(page.status).toBe(200)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("form-action 'self' https://app.example.com")
    expect(page.headers.get('access-control-allow-origin')).toBeNull()
    const ticket = await ticketOf(page)
    const form = new URLSearchParams([
      ['ticket', ticket],
      ['user', 'grace'],
      ['scope', 'openid'],
      ['scope', 'read'],
      ['decision', 'approve'],
    ])
    const post = (): Promise<Response> =>
      server.fetch(`${server.issuer}/authorize`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      })
    const redirect = await post()
    expect(redirect.status).toBe(302)
    const tokens = await exchange(server, new URL(redirect.headers.get('location') ?? ''))
    expect(await tokens.json()).toMatchObject({ scope: 'openid read' })
    expect(server.history.last('token')?.subject).toBe('grace')
    expect((await post()).status).toBe(400)
  })

  it('takes a no, and no strangers', async () => {
    const server = createAuthorizationServer()
    const ask = async (): Promise<string> => ticketOf(await server.fetch(authorizationUrl(server)))
    const denied = await postForm(server, '/authorize', { ticket: await ask(), decision: 'deny' })
    expect(denied.headers.get('location')).toContain('error=access_denied')
    const stranger = await postForm(server, '/authorize', { ticket: await ask(), decision: 'approve', user: 'mallory' })
    expect(stranger.status).toBe(400)
  })

  it('escapes what others wrote', async () => {
    const clientId = '"><script>alert(1)</script>'
    const server = createAuthorizationServer({ clients: [{ clientId, redirectUris: [redirectUri] }] })
    const page = await (await server.fetch(authorizationUrl(server, { client_id: clientId }))).text()
    expect(page).toContain('&lt;script&gt;')
    expect(page).not.toContain('<script')
  })
})

describe('pushed authorization requests', () => {
  it('are kept for a while, and good once', async () => {
    const server = createAuthorizationServer()
    const { expires_in, request_uri } = await push(server)
    expect(expires_in).toBe(90)
    const callback = await server.approve(withRequestUri(server, request_uri))
    expect(callback.searchParams.get('state')).toBe('pushed-state')
    expect((await exchange(server, callback)).status).toBe(200)
    await expect(server.approve(withRequestUri(server, request_uri))).rejects.toBeInstanceOf(TypeError)
    const late = await push(server)
    server.clock.advance(90_000)
    await expect(server.approve(withRequestUri(server, late.request_uri))).rejects.toBeInstanceOf(TypeError)
  })

  it('belong to the client that pushed them', async () => {
    const clients = [
      { clientId: 'app', redirectUris: [redirectUri] },
      { clientId: 'other', redirectUris: [redirectUri] },
    ]
    const server = createAuthorizationServer({ clients })
    const { request_uri } = await push(server)
    await expect(server.approve(withRequestUri(server, request_uri, 'other'))).rejects.toBeInstanceOf(TypeError)
  })

  it('are checked when they are pushed', async () => {
    const server = createAuthorizationServer()
    for (const [name, value, error] of [
      ['redirect_uri', 'https://evil.example/', 'invalid_request'],
      ['scope', 'unheard-of', 'invalid_scope'],
      ['request_uri', 'urn:example', 'invalid_request'],
    ] as const) {
      const answer = await postForm(server, '/par', { ...pushedFields, [name]: value })
      expect(answer.status).toBe(400)
      expect(await answer.json()).toMatchObject({ error })
    }
  })

  it('can be demanded, of everybody or of one client', async () => {
    const everybody = createAuthorizationServer({ requirePar: true })
    await expect(everybody.approve(authorizationUrl(everybody))).rejects.toBeInstanceOf(TypeError)
    const metadata = await (await everybody.fetch(`${everybody.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata).toMatchObject({ require_pushed_authorization_requests: true })
    const one = createAuthorizationServer({
      clients: [{ clientId: 'app', redirectUris: [redirectUri], requirePar: true }],
    })
    await expect(one.approve(authorizationUrl(one))).rejects.toBeInstanceOf(TypeError)
    const { request_uri } = await push(one)
    expect((await one.approve(withRequestUri(one, request_uri))).searchParams.has('code')).toBe(true)
  })
})
