import { isOAuthError } from '../errors.ts'
import type { OAuthErrorCode } from '../errors.ts'
import { jsonAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import { html, pageAnswer } from './page.ts'

/** Why a request is answered with an error: one of the library's codes, or one of the handler's own. */
export type FailureCode = OAuthErrorCode | 'forbidden' | 'not_found' | 'method_not_allowed' | 'internal'

type Kind = 'again' | 'denied' | 'signIn' | 'trouble' | 'ours' | 'forbidden' | 'missing'

const kinds: { readonly [Name in Kind]: readonly [title: string, text: string] } = {
  again: [
    'This sign-in cannot be finished',
    'It took too long, was finished already, or began in another browser. Nothing was changed: begin once more.',
  ],
  denied: ['You are not signed in', 'The sign-in was refused. If you did not mean to, begin once more.'],
  signIn: ['You are not signed in', 'Your session is over, or there was none.'],
  trouble: ['One moment', 'The server that signs you in cannot be reached just now. Try again in a minute.'],
  ours: ['Something is wrong here', 'It is not your fault, and trying again will not help before it is mended.'],
  forbidden: ['Not from here', 'This address is not meant to be opened like that. Nothing was changed.'],
  missing: ['Nothing is here', 'The address is wrong, or too old.'],
}

const rows: { readonly [Code in FailureCode]?: readonly [status: number, kind: Kind] } = {
  state_mismatch: [400, 'again'],
  transaction_missing: [400, 'again'],
  transaction_expired: [400, 'again'],
  issuer_mismatch: [400, 'again'],
  invalid_callback: [400, 'again'],
  access_denied: [403, 'denied'],
  authorization_failed: [502, 'denied'],
  invalid_response: [502, 'ours'],
  unexpected_redirect: [502, 'ours'],
  origin_not_allowed: [403, 'forbidden'],
  network: [502, 'trouble'],
  timeout: [504, 'trouble'],
  rate_limited: [503, 'trouble'],
  server_error: [502, 'trouble'],
  sign_in_required: [401, 'signIn'],
  signed_out: [401, 'signIn'],
  scope_missing: [403, 'denied'],
  lock_timeout: [503, 'trouble'],
  persist_failed: [503, 'trouble'],
  aborted: [503, 'trouble'],
  forbidden: [403, 'forbidden'],
  not_found: [404, 'missing'],
  method_not_allowed: [405, 'forbidden'],
}

/** How an error is shown. */
export interface FailureView {
  readonly page: boolean
  /** Where a person signs in. */
  readonly login: string
}

/**
 * Answers with an error: its code for scripts, a page for people. What a server or an exception said of it
 * is not repeated, as it may hold what must not be seen.
 */
export function failureAnswer(code: FailureCode, { page, login }: FailureView): Answer {
  const [status, kind] = rows[code] ?? [500, 'ours']
  if (!page) return jsonAnswer(status, { error: code })
  const [title, text] = kinds[kind]
  const again = ['again', 'denied', 'signIn'].includes(kind)
    ? html`<a class="go" href="${login}">Sign in</a>`
    : undefined
  return pageAnswer({ status, title, body: html`<p>${text}</p>${again}<p class="code">${code}</p>` })
}

/** The code of whatever was thrown. */
export function codeOf(error: unknown): FailureCode {
  return isOAuthError(error) ? error.code : 'internal'
}
