import { describe, expect, it } from 'vitest'
import type { Provider } from '../../../src/contracts.ts'
import { createClient } from '../../../src/index.ts'
import { anthropic, anthropicPlatform } from '../../../src/providers/anthropic.ts'
import { codexDevice } from '../../../src/providers/codex-device.ts'
import { github } from '../../../src/providers/github.ts'
import { google } from '../../../src/providers/google.ts'
import { microsoft } from '../../../src/providers/microsoft.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { chatgpt, openaiCodex } from '../../../src/providers/openai.ts'
import { createProviderServer } from '../../../src/testing/index.ts'

const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'
const installation = '6f1d1a52-7a52-4b2f-9d3e-0c6c2b8a9e11'
const rows: readonly (readonly [string, Provider])[] = [
  ['anthropic', anthropic()],
  ['anthropic', anthropic({ mode: 'max' })],
  ['anthropic-platform', anthropicPlatform()],
  ['openai-codex', openaiCodex()],
  ['openai-codex', codexDevice().provider],
  ['openai', chatgpt({ agentName: 'Tester', installation })],
  ['github', github()],
  ['google', google()],
  ['microsoft', microsoft({ tenant })],
]

describe.each(rows)('the row of %s', (id, row) => {
  it('is known by its name, and makes a client without asking anybody', () => {
    expect(row.id).toBe(id)
    expect(createClient({ clientId: 'app', provider: row }).provider.name).not.toBe('')
  })

  it('says what becomes of refresh tokens, which errors end them, where tokens may travel and how answers return', () => {
    expect(row.rotation).toMatch(/^(none|grace|until-first-use|strict|unknown)$/)
    expect(row.terminalErrors).toBeDefined()
    expect(row.apiOrigins?.every((origin) => new URL(origin).origin === origin)).toBe(true)
    expect(row.redirect?.loopback?.path).toMatch(/^\//)
    expect('browser' in row || row.id === 'google').toBe(true)
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
