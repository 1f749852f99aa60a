import { base64url } from 'jose'
import type { Context } from './context.ts'
import type { Family } from './ledger.ts'
import type { SigningKey } from './signing-keys.ts'
import type { Json } from './tamper.ts'

/** What is special about one ID token. */
export interface IdTokenFacts {
  readonly family: Family
  readonly accessToken: string
  /** Only the first ID token of a sign-in carries the nonce (OpenID Connect Core, section 12.2). */
  readonly first: boolean
}

/** Issues an ID token (OpenID Connect Core, sections 2 and 3.1.3.6), with whatever defects were ordered. */
export async function issueIdToken(context: Context, { family, accessToken, first }: IdTokenFacts): Promise<string> {
  const { clock, keys, settings, tamper } = context
  const key = await keys.current()
  const now = clock.now()
  const claims: Json = {
    iss: settings.issuer,
    sub: family.user.sub,
    aud: family.clientId,
    exp: seconds(now + settings.lifetimes.idToken),
    iat: seconds(now),
    auth_time: seconds(family.authenticatedAt),
    sid: family.id,
    at_hash: await leftHalf(accessToken),
    ...(first && family.nonce !== undefined && { nonce: family.nonce }),
    ...profileClaims(family),
  }
  const header: Json = { alg: key.alg, kid: key.jwk.kid, typ: 'JWT' }
  const jwt = await sign(context, key, {
    header: tamper.idTokenHeader?.(header) ?? header,
    claims: tamper.idTokenClaims?.(claims) ?? claims,
  })
  return tamper.idToken?.(jwt) ?? jwt
}

/** What the scopes `profile` and `email` tell of a person (OpenID Connect Core, section 5.4). */
export function profileClaims({ user, scopes }: Pick<Family, 'user' | 'scopes'>): Json {
  return {
    ...(scopes.includes('profile') && user.name !== undefined && { name: user.name }),
    ...(scopes.includes('email') && user.email !== undefined && { email: user.email, email_verified: true }),
  }
}

const encoder = new TextEncoder()

async function sign(context: Context, key: SigningKey, parts: { header: Json; claims: Json }): Promise<string> {
  const input = `${encoded(parts.header)}.${encoded(parts.claims)}`
  const signature = await signatureOf(encoder.encode(input), parts.header['alg'], {
    pem: key.pem,
    privateKey: (await context.tamper.idTokenKey?.()) ?? key.privateKey,
  })
  return `${input}.${base64url.encode(signature)}`
}

async function signatureOf(
  input: Uint8Array<ArrayBuffer>,
  alg: unknown,
  { pem, privateKey }: { readonly pem: string; readonly privateKey: CryptoKey },
): Promise<Uint8Array> {
  if (alg === 'none') return new Uint8Array()
  if (alg === 'HS256') {
    const hmac = { name: 'HMAC', hash: 'SHA-256' }
    const secret = await crypto.subtle.importKey('raw', encoder.encode(pem), hmac, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', secret, input))
  }
  const algorithm = { name: privateKey.algorithm.name, hash: 'SHA-256' }
  return new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, input))
}

function encoded(part: Json): string {
  return base64url.encode(encoder.encode(JSON.stringify(part)))
}

async function leftHalf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)))
  return base64url.encode(digest.slice(0, digest.length / 2))
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
