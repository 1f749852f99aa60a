import type { AnswerTarget, AuthorizationRequest } from './authorization-request.ts'
import { answerTarget, authorizationRequest } from './authorization-request.ts'
import type { Context } from './context.ts'
import type { Approval, User } from './options.ts'
import { randomSecret } from './random.ts'
import type { Refusal } from './refusal.ts'
import { refusalOf, refuse } from './refusal.ts'

/** What comes of an authorization request: a way back to the client, or a question to the person. */
export type Verdict = { readonly callback: URL; readonly refusal?: Refusal } | { readonly ask: AuthorizationRequest }

/** Judges an authorization request. Without an approval, whoever passes must be asked. */
export function judgeAuthorization(context: Context, received: URLSearchParams, approval?: Approval): Verdict {
  const params = unpushed(context, received)
  const target = answerTarget(context, params)
  try {
    const request = authorizationRequest(context, params, target)
    if (approval === undefined) {
      return request.prompt === 'none' ? refuse('login_required', 'Nobody is signed in.') : { ask: request }
    }
    const callback = approved(context, request, approval)
    context.ledger.pushed.delete(received.get('request_uri') ?? '')
    return { callback }
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    if (refusal === undefined) throw thrown
    const answer = { error: refusal.error, error_description: refusal.description }
    return { callback: callbackUrl(context, target, answer), refusal }
  }
}

/** Reads an approval for whoever asks: who it is, and what is granted of what was asked for. */
export function readApproval(
  { settings }: Context,
  asked: readonly string[],
  { user, scopes, deny }: Approval,
): { readonly user: User; readonly scopes: readonly string[] } {
  const person = user === undefined ? settings.users[0] : settings.users.find(({ sub }) => sub === user)
  if (person === undefined) throw new TypeError('There is no such user.')
  if (deny !== undefined) return refuse(deny, 'The person refused.')
  return { user: person, scopes: asked.filter((scope) => scopes?.includes(scope) ?? true) }
}

function approved(context: Context, request: AuthorizationRequest, approval: Approval): URL {
  const { clock, ledger, settings } = context
  const { target, codeChallenge, jkt, nonce } = request
  const now = clock.now()
  const value = randomSecret('code')
  ledger.codes.set(value, {
    ...readApproval(context, request.scopes, approval),
    value,
    client: target.client,
    redirectUri: target.redirectUri,
    redirectUriNamed: target.redirectUriNamed,
    ...(codeChallenge !== undefined && { codeChallenge }),
    ...(jkt !== undefined && { jkt }),
    ...(nonce !== undefined && { nonce }),
    authenticatedAt: now,
    expiresAt: now + settings.lifetimes.code,
    used: false,
  })
  return callbackUrl(context, target, { code: value })
}

/** RFC 6749, section 4.1.2, with the issuer of RFC 9207. */
function callbackUrl(context: Context, target: AnswerTarget, answer: Readonly<Record<string, string>>): URL {
  const url = new URL(target.redirectUri)
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value)
  if (target.state !== undefined) url.searchParams.set('state', target.state)
  if (context.settings.responseIss !== 'off') url.searchParams.set('iss', context.settings.issuer)
  return context.tamper.callback?.(url) ?? url
}

/** Puts the pushed parameters in the place of a reference to them (RFC 9126, section 4). */
function unpushed({ clock, ledger, settings }: Context, params: URLSearchParams): URLSearchParams {
  const reference = params.get('request_uri')
  const client = settings.clients.find(({ clientId }) => clientId === params.get('client_id'))
  if (reference === null) {
    const required = settings.requirePar || client?.requirePar === true
    return required ? refuse('invalid_request', 'The request must be pushed.') : params
  }
  const pushed = ledger.pushed.get(reference)
  if (pushed === undefined || pushed.expiresAt <= clock.now() || pushed.clientId !== client?.clientId) {
    return refuse('invalid_request_uri', 'The request URI is unknown or has expired.')
  }
  return pushed.params
}
