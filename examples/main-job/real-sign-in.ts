import { parseArgs } from 'node:util'

import type { Provider } from 'latchkey'
import { createNodeClient } from 'latchkey/node'
import { oauth2 } from 'latchkey/providers/oauth2'
import { oidc } from 'latchkey/providers/oidc'

const usage = `usage: npm start -- --provider oidc --issuer <url> --client-id <id> [--scope <scope>]… [--via auto|loopback|paste|device]
       npm start -- --provider oauth2 --authorization <url> --token <url> --client-id <id> [--scope <scope>]…`

/** Signs in at a real service, in the person's own browser. Tokens rest in the usual file. */
export async function realSignIn(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      provider: { type: 'string' },
      issuer: { type: 'string' },
      authorization: { type: 'string' },
      token: { type: 'string' },
      'client-id': { type: 'string' },
      scope: { type: 'string', multiple: true },
      via: { type: 'string', default: 'auto' },
    },
  })
  const via = (['auto', 'loopback', 'paste', 'device'] as const).find((way) => way === values.via)
  const provider = providerOf(values)
  const clientId = values['client-id']
  if (provider === undefined || clientId === undefined || via === undefined) throw new Error(usage)
  const scopes = values.scope
  const client = createNodeClient({ provider, clientId, allowInsecureLoopback: true, ...(scopes && { scopes }) })
  const { account, expiresAt } = await client.signIn({ via })
  const until =
    expiresAt === undefined ? 'for as long as the server likes' : `until ${new Date(expiresAt).toLocaleString()}`
  console.log(`✓ signed in as ${account?.name ?? account?.email ?? account?.key ?? 'somebody'}, ${until}`)
}

interface Endpoints {
  readonly provider?: string | undefined
  readonly issuer?: string | undefined
  readonly authorization?: string | undefined
  readonly token?: string | undefined
}

function providerOf({ provider, issuer, authorization, token }: Endpoints): Provider | undefined {
  if (provider === 'oidc' && issuer !== undefined) return oidc({ issuer })
  if (provider !== 'oauth2' || authorization === undefined || token === undefined) return undefined
  return oauth2({ id: new URL(token).hostname, endpoints: { authorization, token } })
}
