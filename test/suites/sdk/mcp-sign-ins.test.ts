import { beforeEach, describe, expect, it } from 'vitest'
import { away, discovery, issuer, key, leave, mcpRig, now, verifiers } from './mcp-rig.ts'
import type { MCPRig } from './mcp-rig.ts'

let rig: MCPRig
let provider: MCPRig['provider']

beforeEach(() => {
  rig = mcpRig()
  provider = rig.provider
})

const never = (): Promise<never> => Promise.reject(new Error('It was let in.'))

describe('sign-ins', () => {
  it('find their verifiers by state, in whatever order they come and go', async () => {
    const mcp = provider()
    const urls = await Promise.all(verifiers.map((verifier) => leave(mcp, verifier)))
    for (const url of urls.toReversed()) await mcp.redirectToAuthorization(url)
    expect(rig.visited).toEqual(urls.toReversed())
    const found = await Promise.all(
      urls.map(async (url, index) => {
        const callback = new URL(`https://app.example.com/?code=code-${index}&state=${url.searchParams.get('state')}`)
        return mcp.finish(callback, async (params) => {
          const request = new URLSearchParams({ grant_type: 'authorization_code', code: params.get('code') ?? '' })
          // The SDK asks for a verifier, not for whose: it may hold the other one.
          request.set('code_verifier', 'of-another')
          await mcp.addClientAuthentication(new Headers(), request)
          return request.get('code_verifier')
        })
      }),
    )
    expect(found).toEqual(verifiers)
  })

  it('record where the code will go', async () => {
    const mcp = provider()
    const callback = await away(mcp)
    expect(await rig.transactions.take(callback.searchParams.get('state') ?? '')).toMatchObject({
      slot: key,
      issuer,
      clientId: 'mcp-client',
      tokenEndpoint: `${issuer}/token`,
      scopes: ['read', 'write'],
      startedAt: now,
      expiresAt: now + 600_000,
    })
  })

  it('bring back what the SDK asks for, to a program that knows nothing of them', async () => {
    const callback = await away(provider())
    const later = provider()
    await later.finish(callback, async () => {
      expect(await later.discoveryState()).toEqual(discovery())
      expect(await later.clientInformation()).toEqual({ client_id: 'mcp-client', issuer })
      expect(await later.codeVerifier()).toBe(verifiers[0])
    })
  })

  it('end once', async () => {
    const mcp = provider()
    const callback = await away(mcp)
    expect(await mcp.finish(callback, async () => 'in')).toBe('in')
    await expect(mcp.finish(callback, never)).rejects.toMatchObject({ code: 'state_mismatch' })
  })

  it('end in time', async () => {
    const callback = await away(provider())
    const late = provider({ clock: { now: () => now + 600_000 } })
    await expect(late.finish(callback, never)).rejects.toMatchObject({
      code: 'transaction_expired',
      detail: { after: 600_000 },
    })
  })

  it('of another key are left alone', async () => {
    const callback = await away(provider())
    await expect(provider({ key: 'another' }).finish(callback, never)).rejects.toMatchObject({ code: 'state_mismatch' })
    expect(await provider().finish(callback, async () => 'in')).toBe('in')
  })

  it('need the verifier that belongs to their challenge', async () => {
    const mcp = provider()
    const url = await leave(mcp, verifiers[0])
    url.searchParams.set('code_challenge', 'another')
    await expect(mcp.redirectToAuthorization(url)).rejects.toMatchObject({ code: 'transaction_missing' })
    expect(rig.visited).toEqual([])
  })

  it('that never begin fill no memory', async () => {
    const mcp = provider()
    const oldest = await leave(mcp, 'oldest')
    const youngest = await Promise.all(Array.from({ length: 100 }, (_, index) => leave(mcp, `verifier-${index}`)))
    await expect(mcp.redirectToAuthorization(oldest)).rejects.toMatchObject({ code: 'transaction_missing' })
    for (const url of youngest) await mcp.redirectToAuthorization(url)
    expect(rig.visited).toHaveLength(100)
  })

  it('exchange no code that finish has not let in', async () => {
    const mcp = provider()
    const request = new URLSearchParams({ grant_type: 'authorization_code', code: 'somebody-else' })
    await expect(mcp.addClientAuthentication(new Headers(), request)).rejects.toMatchObject({
      code: 'transaction_missing',
    })
    await expect(mcp.codeVerifier()).rejects.toMatchObject({ code: 'transaction_missing' })
  })
})

describe('a callback', () => {
  const announced = { authorization_response_iss_parameter_supported: true }
  const refusals: readonly (readonly [string, Record<string, string>, object, object])[] = [
    ['without state', { state: '' }, {}, { code: 'state_mismatch', detail: { reason: 'missing' } }],
    ['of an unknown state', { state: 'forged' }, {}, { code: 'state_mismatch', detail: { reason: 'unknown' } }],
    ['of another issuer', { iss: 'https://evil.example' }, {}, { code: 'issuer_mismatch' }],
    ['without the issuer that is announced', {}, announced, { code: 'issuer_mismatch' }],
    ['of another issuer with an error', { iss: 'https://evil.example', error: 'x' }, {}, { code: 'issuer_mismatch' }],
    ['that says no', { error: 'access_denied', error_description: 'No' }, {}, { code: 'access_denied' }],
    [
      'with an error',
      { error: 'invalid_scope', error_description: 'verifier-one' },
      {},
      { code: 'authorization_failed', detail: { error: 'invalid_scope', description: '[removed]' } },
    ],
    ['with an error that cannot be read', { error: 'a b' }, {}, { detail: { error: 'unreadable' } }],
    ['with an error that is a secret', { error: 'verifier-one' }, {}, { detail: { error: 'unreadable' } }],
    ['without a code', { code: '' }, {}, { code: 'invalid_callback' }],
  ]

  it.each(refusals)('%s is refused', async (_name, params, metadata, failure) => {
    const mcp = provider()
    const callback = await away(mcp, metadata)
    for (const [name, value] of Object.entries(params)) callback.searchParams.set(name, value)
    await expect(mcp.finish(callback, never)).rejects.toMatchObject(failure)
  })

  it.each(['state', 'iss', 'error', 'code'])('with two of %s is refused', async (name) => {
    const mcp = provider()
    const callback = await away(mcp)
    callback.searchParams.append(name, 'one')
    callback.searchParams.append(name, 'two')
    await expect(mcp.finish(callback.searchParams, never)).rejects.toMatchObject({ code: 'invalid_callback' })
  })

  it('that is no URL is refused', async () => {
    await expect(provider().finish('the-code', never)).rejects.toMatchObject({ code: 'invalid_callback' })
  })
})

describe('the application', () => {
  it('asks to be registered without a secret', () => {
    const mcp = provider({ scopes: ['read'], clientMetadataUrl: 'https://app.example.com/client.json' })
    expect(mcp.clientMetadata).toEqual({
      redirect_uris: ['https://app.example.com/callback'],
      client_name: 'Test',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'read',
    })
    expect([mcp.clientMetadataUrl, mcp.redirectUrl]).toEqual([
      'https://app.example.com/client.json',
      'https://app.example.com/callback',
    ])
  })

  it('keeps no secret, and refuses to need one', async () => {
    const mcp = provider()
    const registered = { client_id: 'new', client_secret: 'secret', issuer }
    await mcp.saveClientInformation({ ...registered, token_endpoint_auth_method: 'none' })
    expect(await mcp.clientInformation()).toEqual({ client_id: 'new', issuer })
    const confidential = { ...registered, token_endpoint_auth_method: 'client_secret_basic' }
    await expect(mcp.saveClientInformation(confidential)).rejects.toMatchObject({ code: 'unsupported' })
  })
})
