import { admit } from './access.ts'
import { json } from './answers.ts'
import type { Call, Context } from './context.ts'
import { profileClaims } from './id-token.ts'
import { refuse } from './refusal.ts'

/** The user info endpoint (OpenID Connect Core, section 5.3). */
export async function userInfoEndpoint(context: Context, call: Call): Promise<Response> {
  const { family, scopes } = await admit(context, call, 'openid')
  if (family === undefined) return refuse('invalid_token', 'The token is nobody’s.', { status: 401 })
  return json({ sub: family.user.sub, ...profileClaims({ user: family.user, scopes }) })
}
