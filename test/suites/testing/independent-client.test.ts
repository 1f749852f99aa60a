import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { redirectUri } from './browserless.ts'

// A client that others wrote, and that refuses whatever the RFCs do not allow, judges the double.

const client: oauth.Client = { client_id: 'app' }

type Via = { readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response> }

function via(server: AuthorizationServer): Via {
  return { [oauth.customFetch]: (url, init) => server.fetch(url, init) }
}

async function discover(server: AuthorizationServer): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(server.issuer)
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, via(server)))
}

/** Asks once more when the server wants a nonce first. */
async function withNonce<T>(ask: () => Promise<T>): Promise<T> {
  return ask().catch((error: unknown) => {
    if (oauth.isDPoPNonceError(error)) return ask()
    throw error
  })
}

describe('a strict client of other people', () => {
  for (const idTokenAlg of ['ES256', 'RS256'] as const) {
    it(`signs in, refreshes, reads user info and signs out, with ${idTokenAlg}`, async () => {
      const server = createAuthorizationServer({ idTokenAlg, issuer: 'https://as.example/tenant' })
      const as = await discover(server)
      const options = via(server)
      const verifier = oauth.generateRandomCodeVerifier()
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
      const url = new URL(as.authorization_endpoint ?? '')
      url.search = new URLSearchParams({
        client_id: 'app',
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid email read',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      }).toString()
      const params = oauth.validateAuthResponse(as, client, await server.approve(url), state)
      const result = await oauth.processAuthorizationCodeResponse(
        as,
        client,
        await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirectUri, verifier, options),
        { expectedNonce: nonce, requireIdToken: true, maxAge: 60 },
      )
      const jwks = await (await server.fetch(as.jwks_uri ?? '')).json()
      expect(jwks.keys).toHaveLength(1)
      // Not `userInfoRequest`: in happy-dom it takes the URL that it made itself for none.
      const userInfoUrl = new URL(as.userinfo_endpoint ?? '')
      const userInfo = await oauth.processUserInfoResponse(
        as,
        client,
        oauth.getValidatedIdTokenClaims(result)?.sub ?? '',
        await oauth.protectedResourceRequest(result.access_token, 'GET', userInfoUrl, undefined, undefined, options),
      )
      expect(userInfo).toEqual({ sub: 'ada', email: 'ada@example.com', email_verified: true })
      const refreshed = await oauth.processRefreshTokenResponse(
        as,
        client,
        await oauth.refreshTokenGrantRequest(as, client, oauth.None(), result.refresh_token ?? '', options),
      )
      expect(refreshed.refresh_token).not.toBe(result.refresh_token)
      const revoked = await oauth.revocationRequest(as, client, oauth.None(), refreshed.refresh_token ?? '', options)
      await expect(oauth.processRevocationResponse(revoked)).resolves.toBeUndefined()
    })
  }

  it('pushes its request and proves possession of a key, with nonces', async () => {
    const server = createAuthorizationServer({ requirePar: true, dpop: 'required', dpopNonces: 'per-request' })
    const as = await discover(server)
    const proof = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    const options = { ...via(server), DPoP: proof }
    const verifier = oauth.generateRandomCodeVerifier()
    const fields = new URLSearchParams({
      client_id: 'app',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'read',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const pushed = await withNonce(async () =>
      oauth.processPushedAuthorizationResponse(
        as,
        client,
        await oauth.pushedAuthorizationRequest(as, client, oauth.None(), fields, options),
      ),
    )
    const url = new URL(as.authorization_endpoint ?? '')
    url.search = new URLSearchParams({ client_id: 'app', request_uri: pushed.request_uri }).toString()
    const params = oauth.validateAuthResponse(as, client, await server.approve(url), oauth.expectNoState)
    const tokens = await withNonce(async () =>
      oauth.processAuthorizationCodeResponse(
        as,
        client,
        await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirectUri, verifier, options),
      ),
    )
    const api = new URL(`${server.apiUrl}/echo`)
    const echo = await withNonce(() =>
      oauth.protectedResourceRequest(tokens.access_token, 'GET', api, undefined, undefined, options),
    )
    expect(await echo.json()).toMatchObject({ account: 'ada', scopes: ['read'] })
  })

  it('lets a device in', async () => {
    const server = createAuthorizationServer()
    const as = await discover(server)
    const options = via(server)
    const device = await oauth.processDeviceAuthorizationResponse(
      as,
      client,
      await oauth.deviceAuthorizationRequest(as, client, oauth.None(), new URLSearchParams({ scope: 'read' }), options),
    )
    await server.approveDevice(device.user_code)
    const tokens = await oauth.processDeviceCodeResponse(
      as,
      client,
      await oauth.deviceCodeGrantRequest(as, client, oauth.None(), device.device_code, options),
    )
    expect(tokens.scope).toBe('read')
  })
})
