// Every row that is named, and a server in its shapes.

import { createClient } from '../../../src/index.ts'
import type { Client, Provider } from '../../../src/index.ts'
import { anthropic, anthropicPlatform } from '../../../src/providers/anthropic.ts'
import { github } from '../../../src/providers/github.ts'
import { google } from '../../../src/providers/google.ts'
import { microsoft } from '../../../src/providers/microsoft.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { chatgpt, openaiCodex } from '../../../src/providers/openai.ts'
import { createAuthorizationServer, createProviderServer, manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServer, ProviderName } from '../../../src/testing/index.ts'

const installation = '6f1d1a52-7a52-4b2f-9d3e-0c6c2b8a9e11'
const tenant = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490'

/** A row, and how to meet it. */
export interface NamedRow {
  /** As somebody would write it. */
  readonly name: string
  readonly row: Provider
  /** Whose double speaks its dialect; where nobody's does, it is that of the RFCs. */
  readonly double?: ProviderName
  /** A scope without which the sign-in is still of use. */
  readonly expendable: string
}

/** The rows of a server that is known by name. */
export const namedRows: readonly NamedRow[] = [
  { name: 'anthropic()', row: anthropic(), double: 'anthropic', expendable: 'org:create_api_key' },
  {
    name: "anthropic({ mode: 'max' })",
    row: anthropic({ mode: 'max' }),
    double: 'anthropic',
    expendable: 'user:inference',
  },
  { name: 'anthropicPlatform()', row: anthropicPlatform(), double: 'anthropic', expendable: 'user:developer' },
  { name: 'openaiCodex()', row: openaiCodex(), double: 'openai-codex', expendable: 'email' },
  {
    name: 'chatgpt({ … })',
    row: chatgpt({ agentName: 'Tester', installation }),
    double: 'openai-chatgpt',
    expendable: 'email',
  },
  {
    name: 'github()',
    row: github({ scopes: ['read:user', 'gist'], clientId: 'Iv1.latchkeytest' }),
    double: 'github',
    expendable: 'gist',
  },
  { name: 'google()', row: google({ clientId: 'app' }), expendable: 'email' },
  { name: 'microsoft({ tenant })', row: microsoft({ tenant, clientId: 'app' }), expendable: 'email' },
]

const issuer = 'https://as.latchkey.test'
const endpoints = { authorization: `${issuer}/authorize`, token: `${issuer}/token` }

/** These and the rows of whoever else there is. */
export const allRows: readonly NamedRow[] = [
  ...namedRows,
  { name: 'oidc({ issuer })', row: oidc({ issuer, scopes: ['openid', 'read'], clientId: 'app' }), expendable: 'read' },
  {
    name: 'oauth2({ … })',
    row: oauth2({ id: 'acme', endpoints, scopes: ['read', 'write'], clientId: 'app', unannouncedIssuer: 'compare' }),
    expendable: 'write',
  },
]

/** A client of a row, and the server that it asks, on one clock that stands still. */
export interface RowRig {
  readonly server: AuthorizationServer
  readonly client: Client
  /** Signs in, with these scopes granted of those that were asked for. */
  signIn(granted?: readonly string[]): ReturnType<Client['finish']>
}

export function rowRig({ row, double }: NamedRow, options: { readonly accountId?: string } = {}): RowRig {
  const clock = manualClock()
  const loopback = row.redirect?.loopback ?? { host: '127.0.0.1', path: '/callback', ports: [] }
  const redirectUri = `http://${loopback.host}:${loopback.ports?.[0] ?? 40_000}${loopback.path}`
  const { server, provider } =
    double === undefined ? ofTheRfcs(row, redirectUri, clock) : inTheShapes(row, double, { ...options, clock })
  const client = createClient({ provider, redirectUri, fetch: server.fetch, clock })
  return {
    server,
    client,
    async signIn(scopes) {
      const { url } = await client.start()
      return client.finish(await server.approve(url, scopes && { scopes }))
    },
  }
}

interface Served {
  readonly server: AuthorizationServer
  readonly provider: Provider
}

function inTheShapes(
  row: Provider,
  provider: ProviderName,
  options: { readonly accountId?: string; readonly clock: ReturnType<typeof manualClock> },
): Served {
  const server = createProviderServer({ provider, ...options })
  return { server, provider: server.relocate(row) }
}

function ofTheRfcs(row: Provider, redirectUri: string, clock: ReturnType<typeof manualClock>): Served {
  const clients = [{ clientId: 'app', redirectUris: [redirectUri] }]
  const server = createAuthorizationServer({ clock, clients, scopes: row.scopes ?? [] })
  return { server, provider: { ...row, issuer: server.issuer, apiOrigins: [issuer] } }
}
