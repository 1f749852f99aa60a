import type { AuthorizationServer } from '../../../src/testing/index.ts'

/** An app without a browser: the requests that one would make, by hand. */

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
}

export const redirectUri = 'https://app.example.com/callback'
// RFC 7636, appendix B.
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
export const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

const usual: Readonly<Record<string, string>> = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: redirectUri,
  scope: 'openid profile read',
  state: 'state-1',
  nonce: 'nonce-1',
  code_challenge: challenge,
  code_challenge_method: 'S256',
}

/** The URL of an authorization request; `undefined` takes a parameter away. */
export function authorizationUrl(
  { issuer }: Pick<AuthorizationServer, 'issuer'>,
  changes: Readonly<Record<string, string | undefined>> = {},
): URL {
  const url = new URL(`${issuer}/authorize`)
  for (const [name, value] of Object.entries({ ...usual, ...changes })) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}

/** Posts a form to a path below the issuer. */
export function postForm(
  server: Pick<AuthorizationServer, 'issuer' | 'fetch'>,
  path: string,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return server.fetch(server.issuer + path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
}

/** Exchanges the code of a callback. */
export function exchange(
  server: Pick<AuthorizationServer, 'issuer' | 'fetch'>,
  callback: URL,
  changes: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const usual = {
    grant_type: 'authorization_code',
    client_id: 'app',
    code: callback.searchParams.get('code') ?? '',
    code_verifier: verifier,
    redirect_uri: redirectUri,
  }
  return postForm(server, '/token', { ...usual, ...changes }, headers)
}

/** Signs in the first user. */
export async function signIn(server: AuthorizationServer): Promise<Tokens> {
  const answer = await exchange(server, await server.approve(authorizationUrl(server)))
  return (await answer.json()) as Tokens
}

/** Presents a refresh token. */
export function refresh(
  server: Pick<AuthorizationServer, 'issuer' | 'fetch'>,
  token: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return postForm(server, '/token', { grant_type: 'refresh_token', client_id: 'app', refresh_token: token, ...changes })
}

/** Calls the API with a bearer token. */
export function callApi(
  server: Pick<AuthorizationServer, 'apiUrl' | 'fetch'>,
  token: string,
  path = '/echo',
): Promise<Response> {
  return server.fetch(server.apiUrl + path, { headers: { authorization: `Bearer ${token}` } })
}
