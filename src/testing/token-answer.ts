import { json } from './answers.ts'
import { mayRefresh } from './client-authentication.ts'
import type { Call, Context } from './context.ts'
import { issueIdToken } from './id-token.ts'
import { issueAccessToken, issueRefreshToken } from './ledger.ts'
import type { AccessToken, Family, RefreshToken } from './ledger.ts'
import type { RegisteredClient } from './options.ts'
import type { Json } from './tamper.ts'

/** What a grant was found to be good for. */
export interface Granted {
  readonly client: RegisteredClient
  readonly family?: Family
  readonly scopes: readonly string[]
  /** Thumbprint of the key that the access token is bound to. */
  readonly jkt?: string | undefined
  /** The refresh token that was used; absent at the first answer of a sign-in. */
  readonly parent?: RefreshToken
}

interface Issued {
  readonly accessToken: AccessToken
  readonly refreshToken?: RefreshToken
}

/** Issues the tokens of a grant and writes the answer (RFC 6749, section 5.1). */
export async function tokenAnswer(context: Context, call: Call, granted: Granted): Promise<Response> {
  const issued = issue(context, granted)
  call.entry.committed = true
  if (granted.family !== undefined) {
    call.entry.family = granted.family.id
    call.entry.subject = granted.family.user.sub
  }
  const body = await answerBody(context, granted, issued)
  const nonce = context.nonces.offer('server')
  return json(context.tamper.tokenResponse?.(body) ?? body, 200, nonce === undefined ? {} : { 'dpop-nonce': nonce })
}

function issue({ clock, ledger, settings }: Context, granted: Granted): Issued {
  const { client, family, jkt, parent, scopes } = granted
  const now = clock.now()
  const accessToken = issueAccessToken(ledger, {
    clientId: client.clientId,
    scopes,
    ...(family !== undefined && { family }),
    ...(jkt !== undefined && { jkt }),
    expiresAt: now + settings.lifetimes.accessToken,
  })
  const keeps = parent !== undefined && settings.rotation === 'none'
  if (family === undefined || keeps || !mayRefresh(client)) return { accessToken }
  const refreshToken = issueRefreshToken(ledger, family, now + settings.lifetimes.refreshToken, parent)
  return { accessToken, refreshToken }
}

async function answerBody(context: Context, granted: Granted, { accessToken, refreshToken }: Issued): Promise<Json> {
  const { family, parent, scopes } = granted
  return {
    access_token: accessToken.value,
    token_type: accessToken.jkt === undefined ? 'Bearer' : 'DPoP',
    expires_in: Math.floor(context.settings.lifetimes.accessToken / 1000),
    scope: scopes.join(' '),
    ...(refreshToken !== undefined && { refresh_token: refreshToken.value }),
    ...(family !== undefined &&
      scopes.includes('openid') && {
        id_token: await issueIdToken(context, {
          family,
          accessToken: accessToken.value,
          first: parent === undefined,
        }),
      }),
  }
}
