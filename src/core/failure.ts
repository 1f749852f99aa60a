import { OAuthError, untrustedText } from '../errors.ts'
import type { Provider, ProviderError } from '../contracts.ts'
import { challengeError } from './challenge-error.ts'
import { jsonMembers, stringMember } from './json.ts'
import type { JsonMembers } from './json.ts'
import { retryAfter } from './retry-after.ts'

/** An answer that is not the one asked for. */
export interface FailedAnswer {
  readonly endpoint: string
  readonly response: Response
  readonly text: string
  /** When it was read, in milliseconds since the epoch. */
  readonly now: number
  readonly provider: Pick<Provider, 'readError'>
  /** What the request held that a server might repeat in its error text. */
  readonly secrets: () => readonly string[]
}

/**
 * Says what an answer that is no success means, or `undefined` when it looks like one.
 *
 * A 200 with an `error` member is an error. Trouble (429, 5xx) is told apart from refusal, so that
 * nothing but the server's own word ends a session.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 RFC 6749, section 5.2}
 */
export function failure(answer: FailedAnswer): OAuthError | undefined {
  const { endpoint, response, text, now } = answer
  const { status } = response
  const told = readError(answer)
  const retryAt = retryAfter(response.headers, now)
  const trouble = { endpoint, status, ...(retryAt !== undefined && { retryAt }) }
  if (status === 429) return new OAuthError('rate_limited', trouble)
  if (status >= 500 || told?.error === 'temporarily_unavailable' || told?.error === 'server_error') {
    return new OAuthError('server_error', trouble)
  }
  if (told !== undefined) return refusal(answer, told)
  if (response.ok) return undefined
  return new OAuthError('invalid_response', {
    endpoint,
    status,
    reason: `status ${status} without an OAuth error${/^\s*</.test(text) ? ', but with a web page' : ''}.`,
  })
}

function refusal(answer: FailedAnswer, told: ProviderError): OAuthError {
  const text = untrustedText(told.description, answer.secrets())
  const description = text === undefined ? {} : { description: text }
  if (told.error === 'access_denied') return new OAuthError('access_denied', description)
  return new OAuthError('authorization_failed', {
    error: told.error,
    ...description,
    endpoint: answer.endpoint,
    status: answer.response.status,
  })
}

function readError(answer: FailedAnswer): ProviderError | undefined {
  const members = jsonMembers(answer.text)
  const own = members && ownError(answer, members)
  // An API need not say it in a body. At the token endpoint a challenge is no verdict: a proxy may have written it.
  const challenge = answer.endpoint === 'userinfo' ? challengeError(answer.response) : undefined
  const word = own?.error ?? stringMember(members, 'error') ?? challenge
  const error = word && errorCode(word, answer.secrets())
  if (!error) return undefined
  const description = own?.description ?? stringMember(members, 'error_description')
  return description === undefined ? { error } : { error, description }
}

/** A row reads the errors of its own server: what it cannot read, such as a proxy's, must not cost the answer. */
function ownError({ provider, response }: FailedAnswer, members: JsonMembers): ProviderError | undefined {
  try {
    const own = provider.readError?.(members, response.status)
    return typeof own?.error === 'string' ? own : undefined
  } catch {
    return undefined
  }
}

/** An error code, where `value` is one by the grammar of RFC 6749 §5.2, and short. */
export function errorCode(value: string | undefined, secrets: readonly string[] = []): string | undefined {
  if (value === undefined || !/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(value)) return undefined
  return secrets.some((secret) => secret !== '' && value.includes(secret)) ? 'unreadable' : value
}
