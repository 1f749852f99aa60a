import { asMembers } from './json.ts'
import type { JsonMembers } from './json.ts'

/**
 * Reads the claims of a JWT without proving anything. Anybody can write such a text: use it for what
 * you would also believe from a stranger.
 *
 * @example
 * ```ts
 * const { email } = decodeClaims(idToken) // to show it; to believe it, let the server check the token
 * ```
 *
 * @throws {TypeError} when it is no JWT
 */
export function decodeClaims(jwt: string): JsonMembers {
  const claims = readClaims(jwt)
  if (claims === undefined) throw new TypeError('This is not a JWT.')
  return claims
}

function readClaims(jwt: string): JsonMembers | undefined {
  try {
    const [, payload = '', ...signature] = jwt.split('.')
    const utf8 = new TextDecoder('utf-8', { fatal: true })
    return signature.length === 1 ? asMembers(JSON.parse(utf8.decode(fromBase64url(payload)))) : undefined
  } catch {
    return undefined
  }
}

/** Throws where it is no base64url (RFC 4648 §5): `atob` would take padding, spaces and the other alphabet too. */
function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (/[^\w-]/.test(text)) throw new TypeError('This is not base64url.')
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}
