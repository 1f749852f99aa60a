import type { ProviderShape } from './provider-shape.ts'

const scopes = [
  'org:create_api_key',
  'user:profile',
  'user:inference',
  'user:developer',
  'user:sessions:claude_code',
  'user:mcp_servers',
  'user:file_upload',
]

const hosted = '/oauth/code/callback'
const platformClient = '41077d10-94b8-4194-be48-d251e9eb21b4'

/** Claude's sign-in: JSON or form, `state` needed at the token endpoint too, rotation, errors of three shapes. */
export const anthropicShape: ProviderShape = {
  server: (origin) => ({
    paths: { api: '/test-api', authorization: '/oauth/authorize', token: '/v1/oauth/token' },
    clients: [
      {
        clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
        redirectUris: ['http://localhost/callback', `${origin}${hosted}`],
      },
      {
        clientId: platformClient,
        redirectUris: ['http://localhost/callback', `${origin}${hosted}?app=anthropic-cli`],
      },
    ],
    scopes,
    rotation: 'strict',
    revokeFamilyOnReuse: false,
    lifetimes: { accessToken: 8 * 3_600_000, refreshToken: 29 * 24 * 3_600_000 },
    responseIss: 'off',
    cors: false,
  }),
  refuseAuthorization(params) {
    const isOwn = params.get('client_id') !== platformClient
    if (isOwn && params.get('code') !== 'true') return 'Invalid request format'
    if ((params.get('state') ?? '').length < 43) return 'Invalid request format'
    const unknown = (params.get('scope') ?? '').split(' ').find((scope) => !scopes.includes(scope))
    return unknown === undefined ? undefined : `Invalid OAuth Request: Unknown scope: ${unknown}`
  },
  json: true,
  required: {
    authorization_code: ['code', 'state', 'redirect_uri', 'client_id', 'code_verifier'],
    refresh_token: ['refresh_token', 'client_id'],
  },
  missing: {
    status: 400,
    body: {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message: 'Invalid request format',
        details: { error_code: 'oauth_request_parse_error' },
      },
    },
  },
  write: (token) => token.replace(/^at_/, 'sk-ant-oat01-').replace(/^rt_/, 'sk-ant-ort01-'),
  read: (token) => token.replace(/^sk-ant-oat01-/, 'at_').replace(/^sk-ant-ort01-/, 'rt_'),
  answer: ({ accountId, clientId, subject, email }) => ({
    refresh_token_expires_in: 29 * 24 * 3_600,
    account: { uuid: subject, email_address: email },
    ...(accountId !== '' && { organization: { uuid: accountId, name: 'Analytical Engines' } }),
    ...(accountId !== '' && clientId === platformClient && { workspace: { id: 'wrkspc_0001', name: 'Default' } }),
  }),
  refusal({ error, description }) {
    if (error === 'invalid_scope') {
      return refused('invalid_scope', 'The requested scope is invalid, unknown, or malformed.')
    }
    if (error !== 'invalid_grant') return undefined
    if (description.includes('redirect_uri')) return refused(error, "Invalid 'redirect_uri' in request.")
    const isRefresh = /refresh token|session/i.test(description)
    return refused(error, isRefresh ? 'Refresh token not found or invalid' : "Invalid 'code' in request.")
  },
}

function refused(error: string, description: string): ReturnType<NonNullable<ProviderShape['refusal']>> {
  return { status: 400, body: { error, error_description: description } }
}
