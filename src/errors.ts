/**
 * The table of failures, the one class, and the guard. This file imports nothing.
 *
 * No row can hold a token, a code, a verifier, a state or a secret: review looks here first.
 *
 * @module
 */

/**
 * Every failure: its stable code, what is known about it, and what to do.
 *
 * Fields named `description` were written by a server: capped, stripped of control characters, and
 * not to be trusted. `endpoint` is a role (`'token'`, `'revocation'`, …), never a URL with a query.
 */
export interface OAuthFailures {
  /** The configuration cannot be used. Fix what `reason` names; retrying will not help. */
  config: { readonly reason: string }
  /** The callback's `state` is not one this client issued. Start again; a forged link does this too. */
  state_mismatch: { readonly reason: 'missing' | 'unknown' }
  /** No sign-in is pending for this callback: it was finished already, or began elsewhere. Start again. */
  transaction_missing: Record<never, never>
  /** The sign-in took too long. Start again. `after` is the time allowed, in milliseconds. */
  transaction_expired: { readonly after: number }
  /** Somebody other than the configured issuer answered. Check `issuer`; nothing was sent to it. */
  issuer_mismatch: { readonly expected: string; readonly received?: string }
  /** The callback is malformed: a repeated, missing or oversized parameter. Start again. */
  invalid_callback: { readonly reason: string }
  /** The person, or their organisation, said no. */
  access_denied: { readonly description?: string }
  /** The server refused the request with an OAuth error (RFC 6749 §4.1.2.1, §5.2). See `error`. */
  authorization_failed: {
    readonly error: string
    readonly description?: string
    readonly endpoint: string
    readonly status?: number
  }
  /** An answer could not be understood, or did not prove what it must. */
  invalid_response: { readonly endpoint: string; readonly reason: string; readonly status?: number }
  /** A credential-bearing request was answered with a redirect. It was not followed. */
  unexpected_redirect: { readonly endpoint: string; readonly status?: number }
  /** The request's origin is not among `apiOrigins`. Nothing was sent. */
  origin_not_allowed: { readonly origin: string }
  /** No answer came. `sent` is `'no'` when the request certainly never left. Try again later. */
  network: { readonly endpoint: string; readonly sent: 'no' | 'maybe'; readonly reason?: string }
  /** `what` took longer than `after` milliseconds. */
  timeout: { readonly what: string; readonly after: number }
  /** Too many requests. Not before `retryAt` (milliseconds since the epoch), where known. */
  rate_limited: { readonly endpoint: string; readonly status: number; readonly retryAt?: number }
  /** The server is in trouble. The session stands; try again later. */
  server_error: { readonly endpoint: string; readonly status: number; readonly retryAt?: number }
  /**
   * There is no usable token and no way to get one without the person. Sign in again.
   *
   * `absent`: nobody signed in. `expired`: no refresh token. `rejected`: the server ended the session,
   * see `error`. `ambiguous`: answers to the refresh were lost and showing the token again would not be safe.
   */
  sign_in_required: { readonly reason: 'absent' | 'expired' | 'rejected' | 'ambiguous'; readonly error?: string }
  /** The token does not carry what the call needs. Sign in again and ask for `missing`. */
  scope_missing: { readonly missing: readonly string[] }
  /** The store's lock could not be had in `after` milliseconds. Nothing was done. */
  lock_timeout: { readonly after: number; readonly holder?: string }
  /** What the store holds cannot be read. It was left as it is; look at `where`. */
  store_corrupt: { readonly where: string; readonly reason: string }
  /** The store may not be read or written. */
  store_denied: { readonly where: string; readonly reason: string }
  /** The store could not be written. What was stored before is unharmed. */
  persist_failed: { readonly where: string; readonly reason: string }
  /** The callback port is taken. Close what listens there, or use another way to sign in. */
  port_in_use: { readonly ports: readonly number[] }
  /** The browser did not open the window. Call `signIn` from a click. */
  popup_blocked: Record<never, never>
  /** The window was closed before the sign-in was finished. */
  popup_closed: Record<never, never>
  /** This runtime or this server cannot do it. */
  unsupported: { readonly what: string }
  /** The caller's `AbortSignal` ended the wait. */
  aborted: Record<never, never>
  /** A sign-out overtook the call. */
  signed_out: Record<never, never>
}

/** The stable code of a failure. */
export type OAuthErrorCode = keyof OAuthFailures

/**
 * What is known, in a line. What it means to a person, and what to do, `latchkey/explain` says to those who ask, so
 * that no page carries sentences that it never shows. Nothing of what a server wrote for people is repeated.
 */
function summary(code: OAuthErrorCode, detail: object): string {
  const known = Object.entries(detail).filter(([name]) => name !== 'description')
  return [code, ...known.map(([name, value]) => (name === 'reason' ? value : `${name} ${value}`))].join(': ')
}

const retryable = /^(network|timeout|rate_limited|server_error|lock_timeout|persist_failed)$/

const brand = Symbol.for('latchkey.OAuthError')

/**
 * The one error of this library. Switch on `code`; `message` is for people and may change.
 *
 * `cause` is set only where the original is known to hold no secret.
 */
export class OAuthError<Code extends OAuthErrorCode = OAuthErrorCode> extends Error {
  override readonly name = 'OAuthError'
  /** Stable for ever. */
  readonly code: Code
  readonly detail: OAuthFailures[Code]
  /** Whether the same call may succeed later without anybody doing anything. */
  readonly retryable: boolean

  constructor(code: Code, detail: OAuthFailures[Code], options?: { readonly cause?: unknown }) {
    super(summary(code, detail), options)
    this.code = code
    this.detail = detail
    this.retryable = retryable.test(code)
    Object.defineProperty(this, brand, { value: true })
  }
}

/** That the configuration cannot be used, and why. */
export function configError(reason: string): OAuthError<'config'> {
  return new OAuthError('config', { reason })
}

/** An `OAuthError` whose `code` can be switched on, `detail` following it. */
export type AnyOAuthError = { [Code in OAuthErrorCode]: OAuthError<Code> }[OAuthErrorCode]

/**
 * Whether `error` is an `OAuthError`, also one from another realm or another copy of this package.
 *
 * @example
 * ```ts
 * try {
 *   await client.getToken()
 * } catch (error) {
 *   if (isOAuthError(error) && error.code === 'sign_in_required') location.href = '/sign-in'
 *   else throw error
 * }
 * ```
 */
export function isOAuthError(error: unknown): error is AnyOAuthError {
  try {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true
  } catch {
    // What throws when it is looked at is not one of ours.
    return false
  }
}

/**
 * Makes text that a server wrote fit to be shown: no control or bidirectional characters, at most
 * `limit` characters, and none of `secrets`.
 *
 * @example
 * ```ts
 * const shown = untrustedText(body.error_description, [accessToken]) ?? 'no reason given'
 * ```
 */
export function untrustedText(text: unknown, secrets: readonly string[] = [], limit = 200): string | undefined {
  if (typeof text !== 'string') return undefined
  let clean = text
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[removed]')
  // A literal is read when the module is loaded, and looking these classes up takes as long as the rest of it.
  clean = clean.replace(new RegExp('[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]+', 'gu'), ' ').trim()
  if (clean === '') return undefined
  return clean.length > limit ? `${clean.slice(0, limit)}…` : clean
}
