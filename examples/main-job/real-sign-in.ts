import { parseArgs } from 'node:util'

import type { Provider, SignInResult } from 'latchkey'
import { createNodeClient } from 'latchkey/node'
import { anthropic, anthropicPlatform } from 'latchkey/providers/anthropic'
import { github } from 'latchkey/providers/github'
import { google } from 'latchkey/providers/google'
import { microsoft } from 'latchkey/providers/microsoft'
import { oauth2 } from 'latchkey/providers/oauth2'
import { oidc } from 'latchkey/providers/oidc'
import { openaiCodex } from 'latchkey/providers/openai'

/** What the command line may say. */
interface Wishes {
  readonly issuer?: string | undefined
  readonly authorization?: string | undefined
  readonly token?: string | undefined
  readonly tenant?: string | undefined
}

const providers: Readonly<Record<string, (wishes: Wishes) => Provider | undefined>> = {
  anthropic: () => anthropic(),
  'anthropic-platform': () => anthropicPlatform(),
  'openai-codex': () => openaiCodex(),
  github: () => github(),
  google: () => google(),
  microsoft: ({ tenant }) => (tenant === undefined ? undefined : microsoft({ tenant })),
  oidc: ({ issuer }) => (issuer === undefined ? undefined : oidc({ issuer })),
  oauth2: ({ authorization, token }) =>
    authorization === undefined || token === undefined
      ? undefined
      : oauth2({ id: new URL(token).hostname, endpoints: { authorization, token } }),
}

const usage = `usage: npm start -- --provider <name> [--client-id <id>] [--scope <scope>]… [--via auto|loopback|paste|device]

  names: ${Object.keys(providers).join(', ')}
  oidc needs --issuer <url>, oauth2 --authorization <url> and --token <url>, microsoft --tenant <id>`

/** Signs in at a real service, in the person's own browser. Tokens rest in the usual file. */
export async function realSignIn(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      provider: { type: 'string', default: '' },
      issuer: { type: 'string' },
      authorization: { type: 'string' },
      token: { type: 'string' },
      tenant: { type: 'string' },
      'client-id': { type: 'string' },
      scope: { type: 'string', multiple: true },
      via: { type: 'string', default: 'auto' },
    },
  })
  const via = (['auto', 'loopback', 'paste', 'device'] as const).find((way) => way === values.via)
  const provider = Object.hasOwn(providers, values.provider) ? providers[values.provider]?.(values) : undefined
  const clientId = values['client-id'] ?? provider?.clientId
  if (provider === undefined || clientId === undefined || via === undefined) throw new Error(usage)
  const scopes = values.scope
  const client = createNodeClient({ provider, clientId, allowInsecureLoopback: true, ...(scopes && { scopes }) })
  console.log(welcome(await client.signIn({ via })))
}

function welcome({ account, expiresAt }: SignInResult): string {
  const who = account?.name ?? account?.email ?? account?.key ?? 'somebody'
  const until = expiresAt === undefined ? 'nobody knows when' : new Date(expiresAt).toLocaleString()
  return `✓ signed in as ${who}, until ${until}`
}
