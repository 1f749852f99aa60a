import { describe, expect, it } from 'vitest'
import { createClient } from '../../../src/index.ts'
import { anthropic, createApiKey } from '../../../src/providers/anthropic.ts'
import { github } from '../../../src/providers/github.ts'
import { google } from '../../../src/providers/google.ts'
import { microsoft } from '../../../src/providers/microsoft.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { openaiCodex } from '../../../src/providers/openai.ts'
import { createProviderServer, manualClock } from '../../../src/testing/index.ts'
import { namedRows } from './all-rows.ts'

describe.each(namedRows)('the row of $name', ({ row }) => {
  it('makes a client without asking anybody', () => {
    expect(createClient({ clientId: 'app', provider: row }).provider.name).not.toBe('')
  })

  it('says what becomes of refresh tokens, and which errors end them', () => {
    expect(row.rotation).toMatch(/^(none|grace|until-first-use|strict|unknown)$/)
    expect(row.terminalErrors?.every((code) => /^[a-z_]+$/.test(code))).toBe(true)
    expect(row.terminalErrors).not.toContain('invalid_grant')
  })

  it('says where tokens may travel, and with which headers', () => {
    expect(row.apiOrigins?.map((origin) => new URL(origin).origin)).toEqual(row.apiOrigins)
    expect(row.apiOrigins).not.toEqual([])
    const headers = new Headers({ ...row.apiHeaders, ...row.apiListHeaders })
    expect(row.apiHeaders).toBeDefined()
    for (const name of ['authorization', 'user-agent', 'x-app', 'cookie']) expect(headers.has(name)).toBe(false)
  })

  it('says how answers return: by a loopback port, and by a page where there is one', () => {
    const { loopback, hosted } = row.redirect ?? {}
    expect(loopback?.host).toMatch(/^(localhost|127\.0\.0\.1)$/)
    expect(loopback?.path).toMatch(/^\//)
    expect(hosted === undefined).toBe(!row.id.startsWith('anthropic'))
    expect(loopback?.ports).toEqual(row.id === 'openai-codex' ? [1455, 1457] : undefined)
  })

  it('says whether a web page can use it', () => {
    expect(row.browser).toBe(row.id === 'microsoft')
  })

  it('names only addresses that begin with https', () => {
    const addresses = [row.issuer, row.redirect?.hosted, ...Object.values(row.endpoints ?? {})]
    for (const address of addresses) expect(address ?? 'https://').toMatch(/^https:\/\//)
    expect(JSON.stringify(row)).not.toContain('console.anthropic.com')
  })
})

describe('rows', () => {
  it('can be changed field by field', () => {
    expect(anthropic({ scopes: ['user:inference'] }).scopes).toEqual(['user:inference'])
    expect(openaiCodex({ name: 'Mine' }).name).toBe('Mine')
    expect(github({ host: 'github.example.com' }).endpoints?.token).toBe(
      'https://github.example.com/login/oauth/access_token',
    )
    expect(github({ host: 'github.example.com' }).apiOrigins).toEqual(['https://github.example.com'])
    expect(google({ apiOrigins: ['https://gmail.googleapis.com'] }).apiOrigins).toEqual([
      'https://gmail.googleapis.com',
    ])
    expect(oidc({ issuer: 'https://id.example.com' }).id).toBe('id.example.com')
    expect(oauth2({ id: 'acme', endpoints: { token: 'https://acme.example/token' } }).name).toBe('acme')
  })

  it('refuse a host that is none', () => {
    expect(() => github({ host: 'github.com/evil' })).toThrow('host')
  })

  it('refuse a tenant whose tokens could not be proven', () => {
    for (const name of ['common', 'organizations', 'contoso.com', '']) {
      expect(() => microsoft({ tenant: name })).toThrow('tenant')
    }
    expect(microsoft({ tenant: 'consumers' }).issuer).toBe(
      'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    )
  })

  it('give way to no error text that is an object', () => {
    const { readError } = anthropic()
    expect(readError?.({ error: { type: 'rate_limit_error', message: 'Slow.' } }, 429)).toEqual({
      error: 'rate_limit_error',
      description: 'Slow.',
    })
    expect(readError?.({ error: 'invalid_grant', error_description: 'x' }, 400)).toBeUndefined()
    expect(readError?.({ error: { type: 1 } }, 400)).toBeUndefined()
    expect(readError?.(undefined, 400)).toBeUndefined()
  })

  it('give an API key in every runtime, or say which scope is missing', async () => {
    const server = createProviderServer({ provider: 'anthropic' })
    const provider = server.relocate(anthropic())
    const client = createClient({ provider, fetch: server.fetch, redirectUri: 'http://localhost:1/callback' })
    const signIn = async (scopes: readonly string[]): Promise<unknown> =>
      client.finish(await server.approve((await client.start()).url, { scopes }))
    await signIn(provider.scopes ?? [])
    expect([await createApiKey(client)]).toEqual(server.apiKeys)
    await signIn(['user:profile'])
    const missing = { code: 'scope_missing', detail: { missing: ['org:create_api_key'] } }
    await expect(createApiKey(client)).rejects.toMatchObject(missing)
    server.tamper.tokenResponse = ({ scope: _, ...answer }) => answer
    await signIn(['user:profile'])
    await expect(createApiKey(client)).rejects.toMatchObject(missing)
    expect(server.apiKeys).toHaveLength(1)
  })

  it('carry the device login of Codex in every runtime', async () => {
    const clock = manualClock()
    const server = createProviderServer({ provider: 'openai-codex', autoApprove: true, clock })
    const client = createClient({ provider: server.relocate(openaiCodex()), fetch: server.fetch, clock })
    const device = await client.device()
    const waiting = device.wait()
    await new Promise((resolve) => setTimeout(resolve, 5))
    clock.advance(5000)
    expect(await waiting).toMatchObject({ saved: true, account: { accountId: 'account-0001' } })
    expect(await client.signOut()).toEqual({ revocation: 'done' })
  })

  it('carry a whole sign-in and a refresh in every runtime', async () => {
    const server = createProviderServer({ provider: 'anthropic' })
    const provider = server.relocate(anthropic())
    const client = createClient({ provider, fetch: server.fetch, redirectUri: 'http://localhost:1/callback' })
    const { url } = await client.start()
    await client.finish(await server.approve(url))
    const { refreshToken } = await client.getToken()
    const next = await client.getToken({ forceRefresh: true })
    expect(next.refreshToken).not.toBe(refreshToken)
    expect(server.history.count({ endpoint: 'token' })).toBe(2)
  })
})
