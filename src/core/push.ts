import { processPushedAuthorizationResponse, pushedAuthorizationRequest } from 'oauth4webapi'

import { call } from './call.ts'
import type { Parties } from './call.ts'
import { unusable } from './unusable.ts'
import { wire } from './wire.ts'

/** Sends an authorization request through the back channel, and gives what names it from then on. */
export async function push(
  parties: Parties,
  params: URLSearchParams,
  signal: AbortSignal | undefined,
): Promise<{ readonly requestUri: string; readonly expiresAt: number }> {
  const { server, client, auth } = wire(parties)
  const answer = await call(parties, { endpoint: 'pushed_authorization', signal }, (options) =>
    pushedAuthorizationRequest(server, client, auth, params, options),
  )
  try {
    const { request_uri, expires_in } = await processPushedAuthorizationResponse(server, client, answer.response)
    return { requestUri: request_uri, expiresAt: answer.sentAt + expires_in * 1000 }
  } catch (cause) {
    throw unusable('pushed_authorization', cause, answer.response.status)
  }
}
