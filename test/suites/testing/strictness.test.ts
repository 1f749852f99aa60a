import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import { authorizationUrl, postForm, redirectUri, verifier } from './browserless.ts'

const only = { clientId: 'app', redirectUris: [redirectUri] }

async function challengeOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

describe('a server as strict as a real one', () => {
  // RFC 6749, section 4.1.3.
  it.each([
    ['refuses a code without the redirect URI that was named for it', redirectUri, {}, 'invalid_grant'],
    ['wants no redirect URI where none was named', undefined, {}, undefined],
    ['takes the only one where none was named', undefined, { redirect_uri: redirectUri }, undefined],
  ] as const)('%s', async (_, named, sent, error) => {
    const server = createAuthorizationServer({ clients: [only] })
    const callback = await server.approve(authorizationUrl(server, { redirect_uri: named }))
    const answer = await postForm(server, '/token', {
      grant_type: 'authorization_code',
      client_id: 'app',
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      ...sent,
    })
    expect(((await answer.json()) as { error?: string }).error).toBe(error)
  })

  it('is so too where an option is given that is undefined, as callers without a compiler may', async () => {
    const lifetimes = { refreshToken: undefined }
    const server = createAuthorizationServer({ requirePkce: undefined, rotation: undefined, lifetimes } as never)
    const bare = authorizationUrl(server, { code_challenge: undefined, code_challenge_method: undefined })
    const callback = await server.approve(bare)
    expect(callback.searchParams.get('error')).toBe('invalid_request')
    expect(callback.searchParams.get('code')).toBeNull()
  })

  // RFC 7636, section 4.1.
  it.each([
    ['short', 'x'.repeat(42), 'invalid_grant'],
    ['long', 'x'.repeat(129), 'invalid_grant'],
    ['odd', `${'x'.repeat(42)}+`, 'invalid_grant'],
    ['good', `${'x'.repeat(125)}-.~`, undefined],
  ])('judges a code verifier that is %s', async (_, code_verifier, error) => {
    const server = createAuthorizationServer()
    const url = authorizationUrl(server, { code_challenge: await challengeOf(code_verifier) })
    const callback = await server.approve(url)
    const answer = await postForm(server, '/token', {
      grant_type: 'authorization_code',
      client_id: 'app',
      code: callback.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier,
    })
    expect(((await answer.json()) as { error?: string }).error).toBe(error)
  })

  // RFC 6749, section 3.1.
  it('approves no request that names a parameter twice', async () => {
    const server = createAuthorizationServer()
    const url = authorizationUrl(server)
    url.searchParams.append('scope', 'write')
    await expect(server.approve(url)).rejects.toThrow('There is no way back: A parameter is given more than once.')
  })
})
