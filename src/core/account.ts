import type { Account, Provider } from '../contracts.ts'
import { untrustedText } from '../errors.ts'
import type { JsonMembers } from './json.ts'

/**
 * Says who signed in: what the provider's row reads, else the proven claims of the ID token.
 *
 * People are keyed by issuer and subject. An e-mail address can change hands.
 */
export function readAccount(
  provider: Provider,
  answer: JsonMembers,
  claims: JsonMembers | undefined,
): Account | undefined {
  const own = provider.readAccount?.(answer, claims)
  if (own !== undefined) return own
  if (claims === undefined) return undefined
  const { iss, sub, name, email } = claims
  if (typeof iss !== 'string' || typeof sub !== 'string') return undefined
  const shownName = untrustedText(name)
  const shownEmail = untrustedText(email)
  return {
    key: `${iss}|${sub}`,
    issuer: iss,
    subject: sub,
    ...(shownName !== undefined && { name: shownName }),
    ...(shownEmail !== undefined && { email: shownEmail }),
  }
}
