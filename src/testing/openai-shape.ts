import { base64url, decodeJwt } from 'jose'
import type { AuthorizationServerOptions } from './options.ts'
import type { ProviderShape, TokenFacts } from './provider-shape.ts'
import type { Json } from './tamper.ts'

const authClaim = 'https://api.openai.com/auth'

/** The client id that an installation is issued with its first sign-in. */
export const issuedClientId = 'app_issued_0001'

const server: AuthorizationServerOptions = {
  rotation: 'strict',
  idTokenAlg: 'RS256',
  responseIss: 'off',
  cors: false,
}

const common = {
  json: true,
  namesAccount: true,
  // The name of the server's own token travels inside, where `read` finds it again.
  write: (token, facts) => (facts.kind === 'refresh' ? token : jwt(token, facts)),
  read(token) {
    try {
      return decodeJwt(token).jti ?? token
    } catch {
      return token
    }
  },
  refusal({ error, description }) {
    if (error !== 'invalid_grant' || !/refresh token|session/i.test(description)) return undefined
    const code = refreshCode(description)
    const message = 'Your refresh token cannot be used. Please try signing in again.'
    return { status: 401, body: { error: { message, type: 'invalid_request_error', param: null, code } } }
  },
} satisfies Partial<ProviderShape>

/** Codex: fixed ports, a device login of its own, the account in the tokens. */
export const codexShape: ProviderShape = {
  ...common,
  server: (origin) => ({
    ...server,
    paths: {
      api: '/test-api',
      authorization: '/oauth/authorize',
      token: '/oauth/token',
      revocation: '/oauth/revoke',
      jwks: '/.well-known/jwks.json',
    },
    clients: [
      {
        clientId: 'app_EMoamEEZ73f0CkXaXp7hrann',
        redirectUris: ['http://localhost/auth/callback', `${origin}/deviceauth/callback`],
      },
    ],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'api.connectors.read', 'api.connectors.invoke'],
  }),
  refuseAuthorization(params, anyPort) {
    if (anyPort) return undefined
    const uri = URL.canParse(params.get('redirect_uri') ?? '') ? new URL(params.get('redirect_uri') ?? '') : undefined
    const isRegistered = uri?.hostname !== 'localhost' || ['1455', '1457'].includes(uri.port)
    return isRegistered ? undefined : 'Invalid redirect_uri'
  },
}

/** Sign in with ChatGPT: a client id for each installation, a resource, a nonce. */
export const chatgptShape: ProviderShape = {
  ...common,
  issuesClientId: true,
  server: () => ({
    ...server,
    paths: {
      api: '/test-api',
      authorization: '/api/accounts/authorize',
      token: '/api/accounts/oauth/token',
      revocation: '/api/accounts/oauth/revoke',
      userInfo: '/api/accounts/oauth/userinfo',
      jwks: '/.well-known/jwks.json',
    },
    clients: [{ clientId: issuedClientId, redirectUris: ['http://127.0.0.1/auth/callback'] }],
    scopes: ['openid', 'profile', 'email', 'offline_access', 'resource.invoke', 'chatgpt.tokens.use.direct'],
  }),
  refuseAuthorization(params) {
    const isNew = params.get('client_id') === 'dynamic_agent_client'
    const needed = ['resource', 'nonce', 'state', 'ext_agent_host_id', ...(isNew ? ['agent_name_hint'] : [])]
    const missing = needed.find((name) => !params.has(name))
    if (missing !== undefined) return `${missing} is required`
    return /^urn:uuid:[\da-f-]{36}$/.test(params.get('ext_agent_host_id') ?? '') ? undefined : 'Invalid host id'
  },
  required: {
    authorization_code: ['code', 'redirect_uri', 'client_id', 'code_verifier', 'resource'],
    refresh_token: ['refresh_token', 'client_id', 'resource'],
  },
  missing: {
    status: 400,
    body: { error: { message: 'A field is missing.', type: 'invalid_request_error', param: null, code: null } },
  },
  answer: ({ now }) => ({ earliest_refresh_at: Math.floor(now / 1000) }),
}

/** The claims that name the account. */
export function accountClaims({ accountId, email }: Pick<TokenFacts, 'accountId' | 'email'>): Json {
  return {
    [authClaim]: { chatgpt_plan_type: 'plus', ...(accountId !== '' && { chatgpt_account_id: accountId }) },
    'https://api.openai.com/profile': { email },
  }
}

/** A text that looks like their access tokens. Nothing checks its signature but the API. */
function jwt(token: string, facts: TokenFacts): string {
  const issuedAt = Math.floor(facts.now / 1000)
  const payload = {
    iss: facts.origin,
    sub: facts.subject,
    aud: ['https://api.openai.com/v1'],
    client_id: facts.clientId,
    jti: token,
    iat: issuedAt,
    exp: issuedAt + facts.expiresIn,
    // Two letters that base64url writes with `-` and `_`.
    note: '>>>???ÿÿÿ',
    ...accountClaims(facts),
  }
  const parts = [{ alg: 'RS256', typ: 'at+jwt' }, payload].map((part) => base64url.encode(JSON.stringify(part)))
  return [...parts, base64url.encode(token)].join('.')
}

function refreshCode(description: string): string {
  if (description.includes('used before')) return 'refresh_token_reused'
  if (description.includes('ended')) return 'refresh_token_invalidated'
  return description.includes('expired') ? 'refresh_token_expired' : 'invalid_refresh_token'
}
