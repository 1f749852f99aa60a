import { createClient } from 'latchkey'
import type { Client, ClientOptions } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'

/** An application, made so that a test can hand it another world. */
export interface App {
  readonly client: Client
  inbox(): Promise<unknown>
}

export function createApp(issuer: string, api: string, world: Pick<ClientOptions, 'fetch' | 'clock'> = {}): App {
  const client = createClient({
    provider: oidc({ issuer, scopes: ['openid', 'offline_access', 'read'] }),
    clientId: 'app',
    redirectUri: 'https://app.example.com/callback',
    apiOrigins: [new URL(api).origin],
    ...world,
  })
  return {
    client,
    async inbox() {
      const response = await client.fetch(`${api}/echo`)
      if (!response.ok) throw new Error(`The inbox answered ${response.status}.`)
      return response.json()
    },
  }
}
