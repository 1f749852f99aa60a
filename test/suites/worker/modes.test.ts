import { describe, expect, it } from 'vitest'
import { oidc } from '../../../src/providers/oidc.ts'
import { createWorkerHandler } from '../../../src/worker/index.ts'
import { cookieOf, hour, origin, signInCookie, workerRig } from './rig.ts'

describe('mode token-mediating', () => {
  it('gives scripts the access token, and nothing that could bring another', async () => {
    const rig = workerRig({ options: { mode: 'token-mediating' } })
    const browser = rig.browser()
    expect((await browser.script('/auth/token')).status).toBe(401)
    await rig.signIn(browser)
    const reply = await browser.script('/auth/token')
    const told = await reply.json()
    expect(Object.keys(told).sort()).toEqual(['accessToken', 'expiresAt', 'scopes', 'tokenType'])
    const echo = await rig.server.fetch(`${rig.server.apiUrl}/echo`, {
      headers: { authorization: `Bearer ${String(told['accessToken'])}` },
    })
    expect(echo.status).toBe(200)
    expect(reply.headers.get('cache-control')).toBe('no-store')
    rig.clock.advance(hour)
    expect((await (await browser.script('/auth/token')).json())['accessToken']).not.toBe(told['accessToken'])
  })

  it('gives nothing to a link, or to another origin', async () => {
    const rig = workerRig({ options: { mode: 'token-mediating' } })
    const browser = rig.browser()
    await rig.signIn(browser)
    expect((await browser.go('/auth/token')).status).toBe(403)
    expect((await browser.go('/auth/token', 'typed')).status).toBe(403)
    const foreign = { 'latchkey-csrf': '1', origin: 'https://evil.example' }
    expect((await browser.send('/auth/token', { headers: foreign })).status).toBe(403)
  })

  it('gives no token that may more than was asked for', async () => {
    const rig = workerRig({ options: { mode: 'token-mediating' } })
    rig.server.tamper.tokenResponse = (body) => ({ ...body, scope: `${String(body['scope'])} write` })
    const browser = rig.browser()
    await rig.signIn(browser)
    const reply = await browser.script('/auth/token')
    expect([reply.status, await reply.json()]).toEqual([502, { error: 'invalid_response' }])
  })

  it('gives what the server has granted of its own accord where nothing was asked for', async () => {
    const rig = workerRig({ options: { mode: 'token-mediating' } })
    rig.server.tamper.tokenResponse = (body) => ({ ...body, scope: 'read' })
    const { issuer } = rig.server
    const browser = rig.browser(rig.another({ provider: oidc({ issuer, scopes: [] }) }))
    await rig.signIn(browser)
    expect(await (await browser.script('/auth/token')).json()).toMatchObject({ scopes: ['read'] })
  })

  it('and mode bff has no such route', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    expect((await browser.script('/auth/token')).status).toBe(404)
  })
})

describe('sessions of the application', () => {
  const byHeader = { authenticate: (request: Request) => request.headers.get('x-user') ?? undefined }
  const as = (user: string): { headers: { 'x-user': string } } => ({ headers: { 'x-user': user } })

  it('say whose account a request may use, and no cookie does', async () => {
    const rig = workerRig({ options: byHeader })
    const browser = rig.browser()
    const away = await browser.send('/auth/login', as('one'))
    const back = await browser.send(await rig.server.approve(away.location ?? ''), as('one'))
    expect(back.status).toBe(303)
    expect(browser.jar.size).toBe(0)
    expect((await browser.script('/api/echo', as('one'))).status).toBe(200)
    expect((await browser.script('/api/echo', as('two'))).status).toBe(401)
    expect((await browser.script('/api/echo')).status).toBe(401)
    expect(await (await browser.script('/auth/session', as('one'))).json()).toMatchObject({ signedIn: true })
    expect(await rig.store.keys()).toEqual([expect.stringMatching(/@one$/)])
    await browser.script('/auth/logout', { method: 'POST', ...as('one') })
    expect(await rig.store.keys()).toEqual([])
  })

  it('must be there when a sign-in begins, and the same when it ends', async () => {
    const rig = workerRig({ options: byHeader })
    const browser = rig.browser()
    expect((await browser.send('/auth/login')).status).toBe(401)
    const away = await browser.send('/auth/login', as('one'))
    const callback = await rig.server.approve(away.location ?? '')
    const { name, value } = cookieOf(browser, signInCookie)
    const cookie = `${name}=${value}`
    for (const headers of [{ cookie, 'x-user': 'two' }, { cookie }]) {
      expect((await browser.send(callback, { headers })).status).toBe(400)
    }
    expect(rig.tokenCalls()).toBe(0)
    expect((await browser.send(callback, as('one'))).status).toBe(303)
  })

  it('may sign in again without signing out', async () => {
    const rig = workerRig({ options: byHeader })
    const browser = rig.browser()
    for (let count = 0; count < 2; count++) {
      const away = await browser.send('/auth/login', as('one'))
      expect((await browser.send(await rig.server.approve(away.location ?? ''), as('one'))).status).toBe(303)
    }
    expect(await rig.store.keys()).toHaveLength(1)
  })

  it('of nobody are of nobody, however that is said', async () => {
    for (const nobody of [undefined, '', null as unknown as string, 5 as unknown as string]) {
      const rig = workerRig({ options: { authenticate: async () => nobody } })
      expect((await rig.browser().script('/api/echo')).status).toBe(401)
    }
  })

  it('are asked for scripts of ours only', async () => {
    const rig = workerRig({ options: byHeader })
    expect((await rig.browser().send('/api/echo', as('one'))).status).toBe(403)
  })
})

describe('options', () => {
  const { options } = workerRig()
  const making = (more: object) => () => createWorkerHandler({ ...options, ...more } as never)

  it.each([
    ['http beyond loopback', { publicUrl: 'http://app.example.com' }],
    ['a path in publicUrl', { publicUrl: 'https://app.example.com/app' }],
    ['a user in publicUrl', { publicUrl: 'https://user@app.example.com' }],
    ['no URL', { publicUrl: 'app.example.com' }],
    ['a basePath with a slash at its end', { basePath: '/auth/' }],
    ['a basePath of dots', { basePath: '/a/../b' }],
    ['a basePath without a slash', { basePath: 'auth' }],
    ['an empty basePath', { basePath: '' }],
    ['a short secret', { cookieSecret: 'x'.repeat(31) }],
    ['a short secret among others', { cookieSecret: ['x'.repeat(32), 'short'] }],
    ['no secret at all', { cookieSecret: [] }],
    ['no client authentication', { clientAuth: undefined }],
    ['an unknown mode', { mode: 'other' }],
    ['bound tokens for pages', { mode: 'token-mediating', dpop: true }],
    ['an endless session', { sessionLifetime: Infinity }],
    ['a session of no time', { sessionLifetime: 0 }],
    ['a listed origin with a path', { allowedOrigins: ['https://a.example/b'] }],
    ['a listed star', { allowedOrigins: ['*'] }],
    ['a proxy beyond apiOrigins', { apiOrigins: ['https://elsewhere.example'] }],
    ['another callback of ours', { redirectUri: `${origin}/elsewhere` }],
    [
      'a hole in the proxy',
      { proxy: [{ from: '/api', to: 'http://api.example.com', methods: ['GET'], paths: ['/a'] }] },
    ],
  ])('refuse %s', (_, more) => {
    expect(making(more)).toThrow(expect.objectContaining({ code: 'config' }))
  })

  it.each([
    ['no publicUrl', { publicUrl: undefined }],
    ['no store', { store: undefined }],
    ['no secret', { cookieSecret: undefined }],
    ['origins that are no list', { allowedOrigins: 'https://a.example' }],
    ['a proxy that is no list', { proxy: {} }],
    ['an authenticate that cannot be called', { authenticate: 'me' }],
  ])('refuse %s', (_, more) => {
    expect(making(more)).toThrow(TypeError)
  })

  it('never tell the secret', () => {
    const secret = 'a secret that is not long enough'.slice(0, 31)
    expect(making({ cookieSecret: secret })).not.toThrow(secret)
    expect(making({ cookieSecret: secret })).toThrow()
  })

  it('of a store that cannot update indivisibly are refused with a provider whose tokens rotate', () => {
    const store = { ...options.store, consistency: 'eventual' as const }
    expect(making({ store })).toThrow(expect.objectContaining({ code: 'config' }))
    const provider = oidc({ issuer: 'https://as.latchkey.test', rotation: 'none' })
    expect(making({ store, provider })).not.toThrow()
  })
})
