/**
 * Signing in with OpenAI: Sign in with ChatGPT, and Codex.
 *
 * @module
 */

import type { Account, Provider } from '../contracts.ts'
import { configError, OAuthError, untrustedText } from '../errors.ts'
import { beginCodexDevice, pollCodexDevice } from './read/codex-device.ts'
import { jwtClaims } from './read/jwt-claims.ts'
import { member, nestedError } from './read/nested-error.ts'

const issuer = 'https://auth.openai.com'
const jwks = 'https://auth.openai.com/.well-known/jwks.json'

/** The codes with which OpenAI ends a refresh token for good, besides `invalid_grant`. */
const terminalErrors = [
  'invalid_refresh_token',
  'token_expired',
  'refresh_token_expired',
  'refresh_token_invalidated',
  'refresh_token_reused',
]

const common = {
  issuer,
  // Showing a used refresh token again ends the session.
  rotation: 'strict',
  terminalErrors,
  readError: nestedError,
  unannouncedIssuer: 'compare',
  browser: false,
} satisfies Partial<Provider>

/**
 * Codex: a ChatGPT plan, for `chatgpt.com/backend-api/codex`, with the client id of OpenAI's own Codex.
 *
 * No document permits others to use that client; ask, or prefer {@link chatgpt}. The answer comes back to
 * port 1455, else 1457 of `localhost`; no other port is registered; or by a code on another device. API
 * calls name `account.accountId`; people without one are signed in all the same.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: openaiCodex() })
 * await client.signIn({ via: 'device' })
 * ```
 */
export function openaiCodex(row: Partial<Provider> = {}): Provider {
  return {
    ...common,
    id: 'openai-codex',
    name: 'ChatGPT (Codex)',
    endpoints: {
      authorization: `${issuer}/oauth/authorize`,
      token: `${issuer}/oauth/token`,
      revocation: `${issuer}/oauth/revoke`,
      deviceAuthorization: `${issuer}/api/accounts/deviceauth/usercode`,
      jwks,
    },
    clientId: 'app_EMoamEEZ73f0CkXaXp7hrann',
    redirect: { loopback: { host: 'localhost', ports: [1455, 1457], path: '/auth/callback' } },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    authorizationParams: {
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
      originator: 'latchkey',
    },
    apiOrigins: ['https://chatgpt.com'],
    revocationRequest: { encoding: 'json' },
    accountHeader: 'chatgpt-account-id',
    apiHeaders: { originator: 'latchkey', 'openai-beta': 'responses=experimental' },
    readAccount,
    beginDeviceLogin: beginCodexDevice,
    pollDeviceLogin: pollCodexDevice,
    ...row,
  }
}

/** What Sign in with ChatGPT wants to know of an application. Any field of the row may be given too. */
export interface ChatGPTOptions extends Partial<Provider> {
  /** The application's name, as the person will read it. */
  readonly agentName: string
  /** A UUID of this installation, the same at every sign-in: see `installationId` of `latchkey/node`. */
  readonly installation: string
  /** The client id that this installation was issued before. @default a new one is issued with the sign-in */
  readonly clientId?: string
}

const direct = 'chatgpt.tokens.use.direct'

/**
 * Sign in with ChatGPT: the way OpenAI offers to open-source and self-hosted applications. Paid or hosted
 * products must ask OpenAI first.
 *
 * The first sign-in of an installation is issued a client id of its own, which is kept with the tokens.
 * A sign-in that does not grant `chatgpt.tokens.use.direct` fails with `scope_missing`: its tokens would
 * be of no use. Errors of the callback: also `invalid_callback`, when no client id was issued.
 *
 * @example
 * ```ts
 * const provider = chatgpt({ agentName: 'My editor', installation: await installationId() })
 * const client = createNodeClient({ provider })
 * ```
 */
export function chatgpt({ agentName, installation, clientId, ...row }: ChatGPTOptions): Provider {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(installation)) {
    throw configError('installation must be a UUID in lower case.')
  }
  const accounts = `${issuer}/api/accounts`
  return {
    ...common,
    id: 'openai',
    name: 'ChatGPT',
    endpoints: {
      authorization: `${accounts}/authorize`,
      token: `${accounts}/oauth/token`,
      revocation: `${accounts}/oauth/revoke`,
      userInfo: `${accounts}/oauth/userinfo`,
      jwks,
    },
    clientId: clientId ?? 'dynamic_agent_client',
    redirect: { loopback: { host: '127.0.0.1', path: '/auth/callback' } },
    scopes: ['openid', 'profile', 'email', 'offline_access', 'resource.invoke', direct],
    resource: 'https://api.openai.com/v1',
    authorizationParams: {
      ...(clientId === undefined && { agent_name_hint: agentName }),
      ext_agent_host_id: `urn:uuid:${installation}`,
    },
    apiOrigins: ['https://api.openai.com'],
    apiHeaders: {},
    readClientId: (callback) => issuedClientId(callback, clientId),
    readAccount(answer, claims) {
      const { scope } = answer
      if (typeof scope === 'string' && !scope.split(' ').includes(direct)) {
        throw new OAuthError('scope_missing', { missing: [direct] })
      }
      return readAccount(answer, claims)
    },
    ...row,
  }
}

function issuedClientId(callback: URLSearchParams, known: string | undefined): string {
  const issued = callback.get('client_id') ?? known
  if (issued !== undefined && /^[\x21-\x7e]{1,500}$/.test(issued)) return issued
  throw new OAuthError('invalid_callback', { reason: 'no client id was issued with it.' })
}

const authClaim = 'https://api.openai.com/auth'
const profileClaim = 'https://api.openai.com/profile'

/**
 * Reads the ChatGPT account from an access or ID token: what API calls name in `chatgpt-account-id`.
 * Proves nothing. Gives nothing for an account without one, or for what is no JWT.
 *
 * @example
 * ```ts
 * const accountId = extractCodexAccountId(accessToken)
 * ```
 */
export function extractCodexAccountId(jwt: string): string | undefined {
  return accountIdOf(jwtClaims(jwt))
}

function accountIdOf(claims: unknown): string | undefined {
  const auth = member(claims, authClaim)
  const organizations = member(auth, 'organizations')
  const [first]: unknown[] = Array.isArray(organizations) ? organizations : []
  return text(member(auth, 'chatgpt_account_id')) ?? text(member(first, 'id'))
}

/** The account stands in the ID token, else in the access token: either may lack it. */
function readAccount(
  answer: Readonly<Record<string, unknown>>,
  proven?: Readonly<Record<string, unknown>>,
): Account | undefined {
  const access = jwtClaims(answer['access_token'])
  const claims = proven ?? jwtClaims(answer['id_token']) ?? access
  const accountId = accountIdOf(claims) ?? accountIdOf(access)
  const account = { ...personOf(claims), ...(accountId !== undefined && { accountId }) }
  return Object.keys(account).length === 0 ? undefined : account
}

function personOf(claims: unknown): Account {
  const [iss, sub, name] = ['iss', 'sub', 'name'].map((claim) => text(member(claims, claim)))
  const email = text(member(claims, 'email')) ?? text(member(member(claims, profileClaim), 'email'))
  return {
    ...(iss !== undefined && sub !== undefined && { key: `${iss}|${sub}`, issuer: iss, subject: sub }),
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
  }
}

function text(value: unknown): string | undefined {
  return untrustedText(value)
}
