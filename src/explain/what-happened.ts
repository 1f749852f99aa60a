import type { AnyOAuthError, OAuthErrorCode, OAuthFailures } from '../errors.ts'

/** What happened, in a sentence. Nothing of what a server wrote for people is repeated. */
export function whatHappened({ code, detail }: AnyOAuthError): string {
  return (sentences[code] as (given: typeof detail) => string)(detail)
}

const sentences: { readonly [Code in OAuthErrorCode]: (detail: OAuthFailures[Code]) => string } = {
  config: (d) => `The configuration cannot be used: ${d.reason}`,
  state_mismatch: (d) =>
    d.reason === 'missing'
      ? 'The callback carries no state. Start the sign-in again.'
      : 'The callback belongs to no sign-in that this client began. Start the sign-in again.',
  transaction_missing: () => 'No sign-in is pending for this callback. Start the sign-in again.',
  transaction_expired: (d) => `The sign-in took longer than ${d.after} ms. Start it again.`,
  issuer_mismatch: (d) =>
    `Expected the issuer ${d.expected}, but ${d.received === undefined ? 'the answer named none' : `got ${d.received}`}.`,
  invalid_callback: (d) => `The callback cannot be used: ${d.reason}`,
  access_denied: () => 'The sign-in was refused.',
  authorization_failed: (d) => `The ${d.endpoint} endpoint refused the request: ${d.error}.`,
  invalid_response: (d) => `The answer of the ${d.endpoint} endpoint cannot be used: ${d.reason}`,
  unexpected_redirect: (d) => `The ${d.endpoint} endpoint answered with a redirect, which was not followed.`,
  origin_not_allowed: (d) => `${d.origin} is not among apiOrigins, so no token was sent there.`,
  network: (d) =>
    `No answer from the ${d.endpoint} endpoint${d.reason === undefined ? '' : ` (${d.reason})`}. Try again later.`,
  timeout: (d) => `Gave up waiting for ${d.what} after ${d.after} ms.`,
  rate_limited: (d) => `The ${d.endpoint} endpoint asks to slow down (status ${d.status}).`,
  server_error: (d) => `The ${d.endpoint} endpoint is in trouble (status ${d.status}). Try again later.`,
  sign_in_required: (d) => `Sign in again: ${signInReasons[d.reason]}`,
  scope_missing: (d) => `The token lacks the scope ${d.missing.join(' ')}. Sign in again and ask for it.`,
  lock_timeout: (d) => `The store stayed locked for ${d.after} ms${d.holder === undefined ? '' : ` by ${d.holder}`}.`,
  store_corrupt: (d) => `${d.where} cannot be read and was left as it is: ${d.reason}`,
  store_denied: (d) => `${d.where} may not be used: ${d.reason}`,
  persist_failed: (d) => `${d.where} could not be written: ${d.reason}`,
  port_in_use: (d) => `No callback port is free (tried ${d.ports.join(', ')}).`,
  popup_blocked: () => 'The browser blocked the sign-in window. Open it from a click.',
  popup_closed: () => 'The sign-in window was closed before the sign-in was finished.',
  unsupported: (d) => `Not supported here: ${d.what}`,
  aborted: () => 'The wait was aborted.',
  signed_out: () => 'A sign-out overtook this call.',
}

const signInReasons = {
  absent: 'nobody is signed in.',
  expired: 'the access token has expired and there is no refresh token.',
  rejected: 'the server ended the session.',
  ambiguous: 'answers to the refresh were lost, and showing the refresh token once more would not be safe.',
} as const
