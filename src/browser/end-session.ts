import type { OpenedClient } from '../client/create-client.ts'
import type { StoredRecord } from '../contracts.ts'
import { leaveFor } from '../redirects/page.dom.ts'
import type { BrowserSignOutOptions, BrowserSignOutResult } from './browser-client.ts'

/**
 * Signs out here, then, where wished, sends the page to the server to end its session.
 *
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html OpenID Connect RP-Initiated Logout 1.0}
 */
export async function endSession(
  opened: OpenedClient,
  options: BrowserSignOutOptions = {},
): Promise<BrowserSignOutResult> {
  const { endSession: wished = false, postLogoutRedirectUri, ...wishes } = options
  const { client, session, connection } = opened
  const record = wished ? await session.reload().catch(() => undefined) : undefined
  const result = await client.signOut(wishes)
  if (!wished) return { ...result, endSession: 'skipped' }
  try {
    const { end_session_endpoint: endpoint } = await connection.server()
    if (endpoint === undefined) return { ...result, endSession: 'unsupported' }
    leaveFor(logoutUrl(endpoint, record, { clientId: opened.config.clientId, postLogoutRedirectUri }))
    return { ...result, endSession: 'leaving' }
  } catch {
    return { ...result, endSession: 'failed' }
  }
}

interface LogoutParameters {
  readonly clientId: string
  readonly postLogoutRedirectUri: string | undefined
}

function logoutUrl(
  endpoint: string,
  record: StoredRecord | undefined,
  { clientId, postLogoutRedirectUri }: LogoutParameters,
): URL {
  const url = new URL(endpoint)
  const idToken = record?.tokens.idToken
  if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken)
  url.searchParams.set('client_id', record?.clientId ?? clientId)
  if (postLogoutRedirectUri !== undefined) url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri)
  return url
}
