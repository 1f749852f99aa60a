import type { JSONWebKeySet } from 'jose'
import { JWKSNoMatchingKey, JWSSignatureVerificationFailed } from 'jose/errors'
import { createLocalJWKSet } from 'jose/jwks/local'
import { compactVerify } from 'jose/jws/compact/verify'

import { isOAuthError, OAuthError } from '../errors.ts'
import type { Parties } from './call.ts'
import { secureUrl } from './endpoint.ts'
import { getDocument } from './get-document.ts'

/** A signed text of the server, and where it came from. */
export interface SignedText {
  /** A role for messages: `'token'`, `'userinfo'`. */
  readonly endpoint: string
  /** A JWS in its compact form, whose algorithm has been found good. */
  readonly jws: string
  readonly signal?: AbortSignal | undefined
}

/** A server's published keys, and when they were asked for. */
interface Keys {
  readonly find: ReturnType<typeof createLocalJWKSet>
  readonly askedAt: number
}

/** How long keys are used, and for how long a server is not asked again for a key that it did not publish. */
const [kept, settled] = [5 * 60_000, 60_000]

const known = new WeakMap<Parties['server'], Keys>()

/**
 * Verifies a signature by the keys that the server publishes. They are fetched once, kept for five
 * minutes, and fetched again for an unknown key at most once a minute.
 *
 * Errors: `invalid_response`, and those of fetching the keys.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-5.2 RFC 7515, section 5.2}
 */
export async function verifySignature(parties: Parties, text: SignedText): Promise<void> {
  const { jwks_uri: url } = parties.server
  if (url === undefined) throw invalid(text, 'its signature cannot be verified: the server publishes no keys.')
  const keys = freshKeys(parties) ?? (await publishedKeys(parties, url, text))
  try {
    await compactVerify(text.jws, keys.find).catch(async (error: unknown) => {
      if (!(error instanceof JWKSNoMatchingKey) || age(parties, keys) < settled) throw error
      await compactVerify(text.jws, (await publishedKeys(parties, url, text)).find)
    })
  } catch (error) {
    if (isOAuthError(error)) throw error
    throw invalid(text, reasonOf(error))
  }
}

/** Whether the keys are here, so that what is verified next waits for nobody. */
export async function keysAtHand(parties: Parties): Promise<boolean> {
  const { jwks_uri: url } = parties.server
  if (url === undefined || freshKeys(parties) !== undefined) return true
  return publishedKeys(parties, url, {}).then(
    () => true,
    () => false,
  )
}

function freshKeys(parties: Parties): Keys | undefined {
  const keys = known.get(parties.server)
  return keys !== undefined && age(parties, keys) < kept ? keys : undefined
}

/** Keys of the future are of a clock that was set back: nobody knows how old they are. */
function age({ world }: Parties, { askedAt }: Keys): number {
  return Math.abs(world.clock.now() - askedAt)
}

function invalid({ endpoint }: Pick<SignedText, 'endpoint'>, reason: string): OAuthError {
  return new OAuthError('invalid_response', { endpoint, reason })
}

async function publishedKeys(parties: Parties, uri: string, { signal }: Pick<SignedText, 'signal'>): Promise<Keys> {
  const { provider, server, world } = parties
  const url = secureUrl('jwks_uri', uri, world).href
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const askedAt = world.clock.now()
  const response = await getDocument(provider, world, { endpoint: 'jwks', url, headers, ...(signal && { signal }) })
  try {
    const keys = { find: createLocalJWKSet((await response.json()) as JSONWebKeySet), askedAt }
    known.set(server, keys)
    return keys
  } catch {
    throw invalid({ endpoint: 'jwks' }, 'it is no set of keys.')
  }
}

/** Not jose's own words, which may repeat what stands in the text. */
function reasonOf(error: unknown): string {
  const foreign = error instanceof JWSSignatureVerificationFailed || error instanceof JWKSNoMatchingKey
  return foreign ? 'its signature is by none of the published keys.' : 'its signature cannot be verified.'
}
