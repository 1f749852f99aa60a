import { sha256 } from './random.ts'

const secret = new Set([
  'access_token',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token_hint',
  'nonce',
  'password',
  'refresh_token',
  'request_uri',
  'state',
  'token',
  'user_code',
])
const open = new Set(['client_id', 'code_challenge', 'redirect_uri', 'scope', 'grant_type', 'client_assertion_type'])
const credentials = new Set(['authorization', 'cookie', 'dpop', 'proxy-authorization'])
// A long run of a token's characters is safe to show only under a name we know.
const tokenLike = /[\w~+=-]{24,}/

/**
 * The name under which a secret stands in the history: the same for the same value, and of no use to anybody.
 *
 * @example
 * ```ts
 * expect(server.history.last('token')?.params['code_verifier']).toBe(await fingerprint(verifier))
 * ```
 */
export async function fingerprint(value: string): Promise<string> {
  return `#${(await sha256(value)).slice(0, 12)}`
}

/** The parameters of a request, fit to be shown. Of a repeated one the last is kept. */
export async function redactParams(params: URLSearchParams): Promise<Record<string, string>> {
  const shown: Record<string, string> = {}
  for (const [name, value] of params) {
    const hide = secret.has(name) || (!open.has(name) && tokenLike.test(value))
    shown[name] = hide ? await fingerprint(value) : value
  }
  return shown
}

/** The headers of a request, fit to be shown: of a credential the scheme and a fingerprint. */
export async function redactHeaders(headers: Headers): Promise<Record<string, string>> {
  const shown: Record<string, string> = {}
  for (const [name, value] of headers) {
    shown[name] = credentials.has(name) || tokenLike.test(value) ? await credential(value) : value
  }
  return shown
}

async function credential(value: string): Promise<string> {
  const [, scheme, rest] = /^(\w+) +(.+)$/.exec(value) ?? []
  return scheme === undefined || rest === undefined ? fingerprint(value) : `${scheme} ${await fingerprint(rest)}`
}
