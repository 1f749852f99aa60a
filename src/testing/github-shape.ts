import type { ProviderShape } from './provider-shape.ts'

/** GitHub: errors with status 200, commas between granted scopes, tokens that begin with `gho_`, device codes of RFC 8628. */
export const githubShape: ProviderShape = {
  server: () => ({
    paths: {
      api: '/test-api',
      authorization: '/login/oauth/authorize',
      token: '/login/oauth/access_token',
      deviceAuthorization: '/login/device/code',
      verification: '/login/device',
    },
    clients: [{ clientId: 'Iv1.latchkeytest', redirectUris: ['http://127.0.0.1/callback'] }],
    scopes: ['read:user', 'user:email', 'repo', 'gist'],
    rotation: 'strict',
    lifetimes: { accessToken: 8 * 3_600_000 },
    responseIss: 'off',
    cors: false,
  }),
  json: true,
  write: (token) => token.replace(/^at_/, 'gho_').replace(/^rt_/, 'ghr_'),
  read: (token) => token.replace(/^gho_/, 'at_').replace(/^ghr_/, 'rt_'),
  answer: ({ scope }) => (scope === undefined ? {} : { scope: scope.replaceAll(' ', ',') }),
  refusal({ error, description }) {
    const isRefresh = /refresh token|session/i.test(description)
    const known: Readonly<Record<string, string>> = {
      invalid_grant: isRefresh ? 'bad_refresh_token' : 'bad_verification_code',
      invalid_client: 'incorrect_client_credentials',
    }
    return { status: 200, body: { error: known[error] ?? error, error_description: description } }
  },
}
