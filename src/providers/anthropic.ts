/**
 * Signing in with Anthropic.
 *
 * @module
 */

import type { Account, Fetch, Provider, TokenSource } from '../contracts.ts'
import { OAuthError, untrustedText } from '../errors.ts'
import { member, nestedError } from './read/nested-error.ts'

/** How to sign in with Anthropic. Any field of the row may be given too, for example `scopes`. */
export interface AnthropicOptions extends Partial<Provider> {
  /** `console`: an API customer, for whom an API key can be created. `max`: a Claude plan; see {@link anthropic}. @default 'console' */
  readonly mode?: 'console' | 'max'
}

const platform = 'https://platform.claude.com'
const api = 'https://api.anthropic.com'
const beta = 'oauth-2025-04-20'

/** What both ways to sign in with Anthropic have in common. */
const common = {
  issuer: platform,
  // Refresh tokens rotate; what showing an old one again does is not documented.
  rotation: 'unknown',
  apiOrigins: [api],
  apiHeaders: { 'anthropic-version': '2023-06-01' },
  apiListHeaders: { 'anthropic-beta': beta },
  terminalErrors: [],
  readError: nestedError,
  readAccount,
  browser: false,
} satisfies Partial<Provider>

/**
 * Claude Console (the default), or a Claude Pro or Max plan.
 *
 * The answer comes back to any loopback port, or is copied from a page that shows `code#state`. An
 * organisation may grant fewer scopes than were asked for: look at `missingScopes`.
 *
 * **`mode: 'max'`: whose permission you need.** The client id is that of one of Anthropic's own programs;
 * Anthropic offers it to nobody else. Its published terms reserve sign-in with Free, Pro and Max plans
 * for its own applications: others may neither offer Claude.ai sign-in in a product nor send requests
 * on such a plan for their users. Anthropic may enforce that at any time, refuse such tokens, or bill
 * their use apart from the plan. This row speaks the protocol and names itself honestly; it imitates no
 * other program and gives no permission. Use Console with {@link createApiKey} or
 * {@link anthropicPlatform} for anything that others will use.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: anthropic() })
 * await client.signIn()
 * const apiKey = await createApiKey(client)
 * ```
 */
export function anthropic({ mode = 'console', ...row }: AnthropicOptions = {}): Provider {
  const isConsole = mode === 'console'
  return {
    ...common,
    id: 'anthropic',
    name: isConsole ? 'Claude Console' : 'Claude',
    endpoints: {
      authorization: isConsole ? `${platform}/oauth/authorize` : 'https://claude.ai/oauth/authorize',
      token: `${platform}/v1/oauth/token`,
    },
    clientId: '9d1c250a-e61b-44d9-88ed-5944d1962f5e',
    redirect: {
      loopback: { host: 'localhost', path: '/callback' },
      hosted: `${platform}/oauth/code/callback`,
    },
    scopes: isConsole ? ['org:create_api_key', 'user:profile'] : ['user:profile', 'user:inference'],
    authorizationParams: { code: 'true' },
    tokenRequest: { encoding: 'json', sendState: true },
    ...row,
  }
}

/**
 * Claude Console as Anthropic's own `ant` tool and SDK profiles use it: the one user sign-in whose client
 * Anthropic documents and publishes. Tokens work for one workspace, which `account.accountId` and each API call name.
 *
 * Bring your own `clientId` where Anthropic gave you one; the default is the published one of `ant`.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: anthropicPlatform() })
 * ```
 *
 * @see {@link https://platform.claude.com/docs/en/cli-sdks-libraries/cli/authentication Anthropic, CLI authentication}
 */
export function anthropicPlatform(row: Partial<Provider> = {}): Provider {
  return {
    ...common,
    id: 'anthropic-platform',
    name: 'Claude Platform',
    endpoints: { authorization: `${platform}/oauth/authorize`, token: `${api}/v1/oauth/token` },
    clientId: '41077d10-94b8-4194-be48-d251e9eb21b4',
    redirect: {
      loopback: { host: 'localhost', path: '/callback' },
      // The query is part of what is registered.
      hosted: `${platform}/oauth/code/callback?app=anthropic-cli`,
    },
    scopes: ['user:profile', 'user:inference', 'user:developer'],
    accountHeader: 'anthropic-workspace-id',
    tokenRequest: { sendState: true, refresh: { encoding: 'json', headers: { 'anthropic-beta': beta } } },
    ...row,
  }
}

/** `account`, `organization` and `workspace` of a token answer. The address has two names on the wire. */
function readAccount(answer: Readonly<Record<string, unknown>>): Account | undefined {
  const account = member(answer, 'account')
  const subject = text(member(account, 'uuid'))
  const email = text(member(account, 'email_address')) ?? text(member(account, 'email'))
  const name = text(member(account, 'display_name')) ?? text(member(account, 'full_name'))
  const organization = text(member(member(answer, 'organization'), 'name'))
  const workspace = text(member(member(answer, 'workspace'), 'id'))
  if (subject === undefined) return undefined
  return {
    key: `${platform}|${subject}`,
    issuer: platform,
    subject,
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(organization !== undefined && { organization }),
    ...(workspace !== undefined && { accountId: workspace }),
  }
}

function text(value: unknown): string | undefined {
  return untrustedText(value)
}

/** The part of a client that `createApiKey` needs. */
export interface ApiKeyClient extends TokenSource {
  readonly provider: Pick<Provider, 'scopes' | 'apiOrigins'>
  readonly fetch: Fetch
}

const keyScope = 'org:create_api_key'

/**
 * Creates an API key in the organisation that the person signed in with, and gives it. It is shown this
 * once, is good until somebody deletes it, and belongs into a secret store. Each call creates another one.
 *
 * Errors: `config` for a client that does not sign in with Claude Console; `scope_missing` when the
 * person or the organisation did not grant `org:create_api_key`; `rate_limited`, `server_error`,
 * `authorization_failed`, `invalid_response`, `timeout`, and those of getting a token.
 *
 * @param options.signal Ends the wait. @default 30 seconds
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: anthropic({ mode: 'console' }) })
 * await client.signIn()
 * const apiKey = await createApiKey(client)
 * ```
 */
export async function createApiKey(
  client: ApiKeyClient,
  options: { readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { scopes = [], apiOrigins: [origin = api] = [] } = client.provider
  if (!scopes.includes(keyScope)) {
    throw new OAuthError('config', { reason: "API keys are created with anthropic({ mode: 'console' }) only." })
  }
  const signal = options.signal ?? AbortSignal.timeout(patience)
  const tokens = await client.getToken({ signal })
  if (tokens.scopes?.includes(keyScope) === false) throw new OAuthError('scope_missing', { missing: [keyScope] })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}', signal }
  try {
    const response = await client.fetch(`${origin}/api/oauth/claude_cli/create_api_key`, init)
    return readKey(response, await response.text(), tokens.accessToken)
  } catch (error) {
    const ours = options.signal === undefined && signal.aborted
    throw ours ? new OAuthError('timeout', { what: 'the API key', after: patience }) : error
  }
}

const patience = 30_000

function readKey({ ok, status }: Response, body: string, accessToken: string): string {
  const answer = parsed(body)
  const key = member(answer, 'raw_key')
  if (!ok) throw refusedKey(status, nestedError(answer), accessToken)
  if (typeof key === 'string' && /^[\x21-\x7e]+$/.test(key)) return key
  throw new OAuthError('invalid_response', { endpoint, status, reason: 'it holds no key.' })
}

const endpoint = 'api_key'

function refusedKey(status: number, told: ReturnType<typeof nestedError>, accessToken: string): OAuthError {
  if (status === 429) return new OAuthError('rate_limited', { endpoint, status })
  if (status >= 500) return new OAuthError('server_error', { endpoint, status })
  const { error, description } = told ?? { error: '' }
  if (error === 'oauth_scope_insufficient') return new OAuthError('scope_missing', { missing: [keyScope] })
  if (!/^[\w.-]{1,100}$/.test(error) || error.includes(accessToken)) {
    return new OAuthError('invalid_response', { endpoint, status, reason: `status ${status} without a reason.` })
  }
  const shown = untrustedText(description, [accessToken])
  return new OAuthError('authorization_failed', {
    endpoint,
    error,
    status,
    ...(shown !== undefined && { description: shown }),
  })
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
