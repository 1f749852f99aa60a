import type { Context } from './context.ts'
import type { RegisteredClient } from './options.ts'
import { isRegisteredUri } from './redirect-uri.ts'
import { refuse } from './refusal.ts'
import { requireGrant } from './client-authentication.ts'

/** Where an answer may go: a client that exists, and a redirect URI that is its own. */
export interface AnswerTarget {
  readonly client: RegisteredClient
  readonly redirectUri: string
  readonly redirectUriNamed: boolean
  readonly state?: string
}

/** A checked authorization request. */
export interface AuthorizationRequest {
  readonly target: AnswerTarget
  readonly scopes: readonly string[]
  readonly codeChallenge?: string
  readonly nonce?: string
  readonly prompt?: string
  readonly jkt?: string
}

/**
 * Finds where the answer may go. Refuses when that is not certain; the person must then not be
 * sent anywhere (RFC 6749, section 4.1.2.1).
 */
export function answerTarget(context: Context, params: URLSearchParams): AnswerTarget {
  const client = context.settings.clients.find(({ clientId }) => clientId === params.get('client_id'))
  if (client === undefined) return refuse('invalid_request', 'The client is unknown.')
  const registered = client.redirectUris ?? []
  const only = registered.length === 1 ? registered[0] : undefined
  const redirectUri = params.get('redirect_uri') ?? only
  if (redirectUri === undefined || !isRegisteredUri(registered, redirectUri)) {
    return refuse('invalid_request', 'The redirect URI is not registered for this client.')
  }
  const state = params.get('state')
  return { client, redirectUri, redirectUriNamed: params.has('redirect_uri'), ...(state !== null && { state }) }
}

/** Checks everything else. What it refuses may be told to the client. */
export function authorizationRequest(
  context: Context,
  params: URLSearchParams,
  target: AnswerTarget,
): AuthorizationRequest {
  if (params.has('request')) refuse('request_not_supported', 'Request objects are not supported.')
  if (params.get('response_type') !== 'code') refuse('unsupported_response_type', 'Only the response type code exists.')
  if ((params.get('response_mode') ?? 'query') !== 'query') {
    refuse('invalid_request', 'Only the response mode query exists.')
  }
  requireGrant(target.client, 'authorization_code')
  const codeChallenge = readChallenge(context, params)
  const [nonce, prompt, jkt] = ['nonce', 'prompt', 'dpop_jkt'].map((name) => params.get(name))
  return {
    target,
    scopes: requestedScopes(context, params),
    ...(codeChallenge !== undefined && { codeChallenge }),
    ...(typeof nonce === 'string' && { nonce }),
    ...(typeof prompt === 'string' && { prompt }),
    ...(typeof jkt === 'string' && { jkt }),
  }
}

/** The scopes that a request asks for; all that exist must be known (RFC 6749, section 3.3). */
export function requestedScopes({ settings }: Context, params: URLSearchParams): readonly string[] {
  const scopes = (params.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (!scopes.every((scope) => settings.scopes.includes(scope))) refuse('invalid_scope', 'A scope is unknown.')
  return [...new Set(scopes)]
}

/** RFC 7636, section 4.3; `plain` is refused, as RFC 9700 asks. */
function readChallenge({ settings }: Context, params: URLSearchParams): string | undefined {
  const challenge = params.get('code_challenge')
  if (challenge === null) {
    return settings.requirePkce ? refuse('invalid_request', 'code_challenge is required.') : undefined
  }
  if (params.get('code_challenge_method') !== 'S256') {
    return refuse('invalid_request', 'code_challenge_method must be S256.')
  }
  return /^[\w-]{43}$/.test(challenge) ? challenge : refuse('invalid_request', 'code_challenge is not of SHA-256.')
}
