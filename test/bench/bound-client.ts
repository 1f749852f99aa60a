import * as oauth from 'oauth4webapi'
import type { Client, Fetch } from '../../src/index.ts'
import type { Racer } from './race.ts'
import { accessToken, apiInit, apiOrigin, apiUrl, cachedTokens, stubClient } from './stub-client.ts'

/** A client whose tokens are bound to a key (RFC 9449): each call brings a proof, signed for it. */
export async function boundClient(fetch: Fetch): Promise<Client> {
  const proofKey = await oauth.generateKeyPair('ES256')
  return stubClient(fetch, [apiOrigin], { tokens: { ...cachedTokens, tokenType: 'DPoP' }, proofKey })
}

/** The same by oauth4webapi's own means. */
export async function boundRequest(fetch: Fetch): Promise<Racer['run']> {
  const proofKey = await oauth.generateKeyPair('ES256')
  const DPoP = oauth.DPoP({}, proofKey)
  const options = {
    DPoP,
    [oauth.customFetch]: fetch as NonNullable<oauth.ProtectedResourceRequestOptions[typeof oauth.customFetch]>,
  }
  const [headers, url] = [new Headers(apiInit.headers), new URL(apiUrl)]
  return () => oauth.protectedResourceRequest(accessToken, apiInit.method, url, headers, apiInit.body, options)
}

/** The least that a proof can cost: a header and claims as text, one digest, one signature. */
export async function boundFloor(fetch: Fetch): Promise<Racer['run']> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ])
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  const text = new TextEncoder()
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  const part = (members: object): string => base64url(text.encode(JSON.stringify(members)))
  const header = part({ alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } })
  const authorization = `DPoP ${accessToken}`
  return async () => {
    const ath = base64url(new Uint8Array(await crypto.subtle.digest('SHA-256', text.encode(accessToken))))
    const claims = { htm: 'POST', htu: apiUrl, iat: Math.floor(Date.now() / 1000), jti: crypto.randomUUID(), ath }
    const input = `${header}.${part(claims)}`
    const how = { name: 'ECDSA', hash: 'SHA-256' }
    const signature = await crypto.subtle.sign(how, privateKey, text.encode(input))
    const dpop = `${input}.${base64url(new Uint8Array(signature))}`
    return fetch(apiUrl, { ...apiInit, headers: { ...apiInit.headers, authorization, dpop } })
  }
}
