import { requestedScopes } from './authorization-request.ts'
import type { Call, Context } from './context.ts'
import { refuse } from './refusal.ts'
import type { Granted } from './token-answer.ts'
import type { Presented } from './presented.ts'

/**
 * Grants a token to a client for itself; only to one that authenticates.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 RFC 6749, section 4.4}
 */
export function grantToClient(context: Context, call: Call, { client, jkt }: Presented): Granted {
  if ((client.authMethod ?? 'none') === 'none') refuse('unauthorized_client', 'A public client has no credentials.')
  return { client, scopes: requestedScopes(context, call.params), jkt }
}
