import type { OpenedClient } from '../client/create-client.ts'
import type { StoredRecord } from '../contracts.ts'

/**
 * Where the session of somebody who has signed out here ends at the server, if the server has a page for that.
 *
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html OpenID Connect RP-Initiated Logout 1.0}
 */
export async function logoutUrl(
  { config, connection }: OpenedClient,
  record: StoredRecord | undefined,
  postLogoutRedirectUri: string | undefined,
): Promise<URL | undefined> {
  const { end_session_endpoint: endpoint, issuer } = await connection.server()
  if (endpoint === undefined) return undefined
  const url = new URL(endpoint)
  // What another issuer said of a person is not this one's to read.
  const own = record?.issuer === undefined || record.issuer === issuer ? record : undefined
  const idToken = own?.tokens.idToken
  if (idToken !== undefined) url.searchParams.set('id_token_hint', idToken)
  url.searchParams.set('client_id', own?.clientId ?? config.clientId)
  if (postLogoutRedirectUri !== undefined) url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri)
  return url
}
