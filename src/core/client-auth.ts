import { ClientSecretBasic, ClientSecretPost, clockSkew, PrivateKeyJwt } from 'oauth4webapi'
import type { AuthorizationServer, Client, ClientAuth as WireAuth } from 'oauth4webapi'

import type { ClientAuth, ClientAuthRequest } from '../contracts.ts'
import { configError } from '../errors.ts'
import { skew } from './wire.ts'

/**
 * Sends the client secret in the `Authorization` header.
 *
 * A secret in a page, an app or a command that people install is no secret; use it on servers only.
 *
 * @example
 * ```ts
 * createClient({ provider, clientId: 'backend', clientAuth: clientSecretBasic(env.CLIENT_SECRET) })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749, section 2.3.1}
 */
export function clientSecretBasic(secret: string): ClientAuth {
  return adapt(ClientSecretBasic(checkedSecret(secret)))
}

/**
 * Sends the client secret in the request's body, for servers that ask for that. See `clientSecretBasic`.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, clientId: 'server', clientAuth: clientSecretPost(secret), redirectUri })
 * ```
 */
export function clientSecretPost(secret: string): ClientAuth {
  return adapt(ClientSecretPost(checkedSecret(secret)))
}

/** How `privateKeyJwt` signs. */
export interface PrivateKeyJwtOptions {
  /** Which of the client's registered keys this is. @default the JWK's own `kid` */
  readonly kid?: string
}

/**
 * Signs a short-lived assertion with the client's private key, so that no secret is ever sent.
 *
 * The key is a `CryptoKey` or a private JWK; an RSA one must name its `alg`. The assertion's audience
 * is the issuer alone, so that it is worth nothing elsewhere.
 *
 * Errors: `config` when the key cannot be used.
 *
 * @example
 * ```ts
 * const client = createClient({ provider, clientId: 'server', clientAuth: privateKeyJwt(privateJwk), redirectUri })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.2 RFC 7523, section 2.2}
 */
export function privateKeyJwt(key: CryptoKey | JsonWebKey, options: PrivateKeyJwtOptions = {}): ClientAuth {
  let sign: Promise<WireAuth> | undefined
  return async (request) => {
    sign ??= importKey(key).then((imported) => {
      const kid = options.kid ?? ('kid' in key && typeof key.kid === 'string' ? key.kid : undefined)
      return PrivateKeyJwt(kid === undefined ? imported : { key: imported, kid })
    })
    return adapt(await sign)(request)
  }
}

async function importKey(key: CryptoKey | JsonWebKey): Promise<CryptoKey> {
  if (key instanceof CryptoKey) return key
  const algorithm = algorithmOf(key)
  // Not every Web Crypto knows every word in which a key says what it is for; some kinds must say it.
  const { alg, use: _, ...bare } = key
  const members = { ...bare, ...(key.kty === 'AKP' && alg !== undefined && { alg }) }
  if (algorithm !== undefined) {
    const imported = await crypto.subtle.importKey('jwk', members, algorithm, false, ['sign']).catch(() => undefined)
    if (imported !== undefined) return imported
  }
  throw configError('privateKeyJwt needs a private key: a CryptoKey, or a private JWK (RSA: with its alg).')
}

/** What a curve can be used for, which is one thing only. */
const algorithms: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'Ed25519',
}

/** What a key's `alg` is called by Web Crypto (RFC 7518 §3.1, RFC 8037 §3.1). */
function algorithmOf({ alg, crv = '' }: JsonWebKey): EcKeyImportParams | RsaHashedImportParams | Algorithm | undefined {
  const name = alg ?? algorithms[crv] ?? ''
  const [, kind, bits = ''] = /^([REP]S)(256|384|512)$/.exec(name) ?? []
  // Deno would take a key of another curve.
  if (kind === 'ES') return algorithms[crv] === name ? { name: 'ECDSA', namedCurve: crv } : undefined
  if (kind !== undefined) return { name: kind === 'RS' ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS', hash: `SHA-${bits}` }
  if (/^Ed(25519|DSA)$/.test(name)) return { name: 'Ed25519' }
  return name.startsWith('ML-DSA-') ? { name } : undefined
}

function checkedSecret(secret: string): string {
  if (typeof secret === 'string' && secret !== '') return secret
  throw new TypeError('The client secret must be a string that is not empty.')
}

function adapt(auth: WireAuth): ClientAuth {
  return ({ issuer, clientId, body, headers, now }: ClientAuthRequest) => {
    const server: AuthorizationServer = { issuer }
    const client: Client = { client_id: clientId, [clockSkew]: skew(now) }
    return auth(server, client, body, headers)
  }
}
