import { compactVerify, createLocalJWKSet } from 'jose'
import { redirectTo } from './answers.ts'
import type { Call, Context } from './context.ts'
import { html } from './html.ts'
import type { Family } from './ledger.ts'
import type { RegisteredClient } from './options.ts'
import { pageAnswer } from './pages.ts'
import { isRegisteredUri } from './redirect-uri.ts'
import { refuse } from './refusal.ts'

/**
 * The end session endpoint. An `id_token_hint` of ours, also an expired one, ends its session.
 *
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html OpenID Connect RP-Initiated Logout 1.0}
 */
export async function endSessionEndpoint(context: Context, call: Call): Promise<Response> {
  const { params } = call
  const hint = params.get('id_token_hint')
  const family = hint === null ? undefined : await hintedFamily(context, hint)
  if (hint !== null && family === undefined) refuse('invalid_request', 'The ID token is not ours.')
  const clientId = params.get('client_id') ?? family?.clientId
  if (family !== undefined && clientId !== family.clientId)
    refuse('invalid_request', 'The ID token is another client’s.')
  const client = context.settings.clients.find((known) => known.clientId === clientId)
  const back = params.get('post_logout_redirect_uri')
  if (back !== null && !mayReturn(client, back))
    refuse('invalid_request', 'The address to return to is not registered.')
  if (family !== undefined) {
    family.revoked = true
    call.entry.family = family.id
  }
  call.entry.committed = true
  return back === null ? signedOut() : redirectTo(withState(back, params.get('state')))
}

function signedOut(): Response {
  return pageAnswer({ title: 'Signed out', body: html`<p>You can close this page.</p>` })
}

function withState(uri: string, state: string | null): URL {
  const url = new URL(uri)
  if (state !== null) url.searchParams.set('state', state)
  return url
}

async function hintedFamily({ keys, ledger }: Context, hint: string): Promise<Family | undefined> {
  const jwks = { keys: (await keys.published()).map(({ jwk }) => jwk) }
  const payload = await compactVerify(hint, createLocalJWKSet(jwks)).then(
    (verified) => JSON.parse(new TextDecoder().decode(verified.payload)) as Readonly<Record<string, unknown>>,
    () => undefined,
  )
  return ledger.families.find(({ id }) => id === payload?.['sid'])
}

function mayReturn(client: RegisteredClient | undefined, uri: string): boolean {
  return isRegisteredUri(client?.postLogoutRedirectUris ?? client?.redirectUris ?? [], uri)
}
