import { OperationProcessingError, UnsupportedOperationError } from 'oauth4webapi'

import { isOAuthError, OAuthError } from '../errors.ts'

/**
 * Turns what oauth4webapi throws at an answer into `invalid_response`. Its messages are fixed
 * sentences; its causes hold bodies, and with them tokens, and are left behind.
 */
export function unusable(endpoint: string, error: unknown, status?: number): OAuthError {
  if (isOAuthError(error)) return error
  const known = error instanceof OperationProcessingError || error instanceof UnsupportedOperationError
  return new OAuthError('invalid_response', {
    endpoint,
    reason: known ? error.message : 'it is malformed.',
    ...(status !== undefined && { status }),
  })
}
