import type { AuthorizationServerOptions, EndpointName, Lifetimes, RegisteredClient, User } from './options.ts'

type Settled =
  | 'scopes'
  | 'autoApprove'
  | 'rotation'
  | 'gracePeriod'
  | 'revokeFamilyOnReuse'
  | 'requirePkce'
  | 'requirePar'
  | 'responseIss'
  | 'dpop'
  | 'dpopNonces'
  | 'idTokenAlg'
  | 'discovery'
  | 'cors'

/** The options with nothing left open. */
export interface Settings extends Required<Pick<AuthorizationServerOptions, Settled>> {
  readonly issuer: string
  readonly origin: string
  readonly clients: readonly RegisteredClient[]
  readonly users: readonly [User, ...User[]]
  readonly lifetimes: Lifetimes
  readonly endpoints: Readonly<Record<Exclude<EndpointName, 'metadata'>, string>>
  /** Where the metadata documents stand. */
  readonly metadata: { readonly oauth: string; readonly openid: string }
}

const ada: User = { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' }

const app: RegisteredClient = {
  clientId: 'app',
  redirectUris: [
    'https://app.example.com/callback',
    'http://127.0.0.1/callback',
    'http://localhost/callback',
    'http://[::1]/callback',
  ],
}

const paths = {
  authorization: '/authorize',
  pushedAuthorization: '/par',
  token: '/token',
  revocation: '/revoke',
  userInfo: '/userinfo',
  jwks: '/jwks',
  deviceAuthorization: '/device_authorization',
  verification: '/device',
  endSession: '/logout',
  api: '/api',
} as const

const minute = 60_000
const lifetimes: Lifetimes = {
  code: minute,
  accessToken: 60 * minute,
  refreshToken: 30 * 24 * 60 * minute,
  idToken: 60 * minute,
  deviceCode: 10 * minute,
  pushedRequest: 90_000,
}

const defaults: Pick<Settings, Settled> = {
  scopes: ['openid', 'profile', 'email', 'offline_access', 'read', 'write'],
  autoApprove: false,
  rotation: 'strict',
  gracePeriod: 30_000,
  revokeFamilyOnReuse: true,
  requirePkce: true,
  requirePar: false,
  responseIss: 'announced',
  dpop: 'optional',
  dpopNonces: 'off',
  idTokenAlg: 'ES256',
  discovery: ['oauth', 'openid'],
  cors: true,
}

/** Fills in the defaults, and refuses what cannot be meant with a `TypeError`. */
export function settle(wished: AuthorizationServerOptions): Settings {
  const options = given(wished)
  const issuer = options.issuer ?? 'https://as.latchkey.test'
  const { origin, pathname } = issuerUrl(issuer)
  const [first = ada, ...others] = options.users ?? []
  const base = issuer.replace(/\/$/, '')
  const below = Object.entries({ ...paths, ...given(options.paths) }).map(
    ([name, path]) => [name, base + path] as const,
  )
  return {
    ...defaults,
    ...options,
    issuer,
    origin,
    clients: options.clients ?? [app],
    users: [first, ...others],
    lifetimes: { ...lifetimes, ...given(options.lifetimes) },
    endpoints: Object.fromEntries(below) as Settings['endpoints'],
    metadata: {
      // RFC 8414 puts the well-known part before the issuer's path, OpenID Connect Discovery after it.
      oauth: `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`,
      openid: `${base}/.well-known/openid-configuration`,
    },
  }
}

/** Without what is `undefined`: it would stand in the way of its default. */
function given<T extends object>(options: T | undefined): T {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as T
}

function issuerUrl(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new TypeError('An issuer is an http or https URL without query and fragment.')
  }
  return url
}
