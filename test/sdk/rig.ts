import { createClient } from '../../src/client/create-client.ts'
import type { Client } from '../../src/client/client.ts'
import type { Provider } from '../../src/contracts.ts'
import { createProviderServer } from '../../src/testing/index.ts'
import type { ProviderName, ProviderServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { anthropicPlatform } from '../../src/providers/anthropic.ts'
import { chatgpt, openaiCodex } from '../../src/providers/openai.ts'
import { createVendorServer } from './vendor-server.ts'
import type { ApiCall } from './vendor-server.ts'

/** Somebody who signed in, and the vendor they signed in with, over real HTTP. */
export interface Rig {
  readonly origin: string
  readonly server: ProviderServer
  readonly client: Client
  readonly calls: ApiCall[]
  /** How often a refresh token was shown. */
  refreshes(): number
  close(): Promise<void>
}

interface Vendor {
  readonly row: () => Provider
  readonly redirectUri: string
}

const vendors: Readonly<Record<Exclude<ProviderName, 'github'>, Vendor>> = {
  anthropic: { row: () => anthropicPlatform(), redirectUri: 'http://localhost:8765/callback' },
  'openai-chatgpt': {
    row: () => chatgpt({ agentName: 'Test', installation: '4f2a0d38-9a3b-4a6e-8f0c-0123456789ab' }),
    redirectUri: 'http://127.0.0.1:8765/auth/callback',
  },
  'openai-codex': { row: () => openaiCodex(), redirectUri: 'http://localhost:1455/auth/callback' },
}

/** Signs somebody in with `provider`'s double. */
export async function signedIn(provider: keyof typeof vendors): Promise<Rig> {
  const running = await listen((origin) => {
    const server = createProviderServer({ provider, issuer: origin })
    return { ...createVendorServer(server), server }
  })
  const { origin, server: vendor } = running
  const { server, calls } = vendor
  const { row, redirectUri } = vendors[provider]
  const provided = server.relocate(row())
  const client = createClient({ provider: provided, redirectUri, allowInsecureLoopback: true, clock: server.clock })
  const { url } = await client.start()
  await client.finish(await server.approve(url))
  return {
    origin,
    server,
    client,
    calls,
    refreshes: () => server.history.count({ endpoint: 'token', grant: 'refresh_token' }),
    close: () => running.close(),
  }
}

/** What must never travel: keys that happen to be in the environment. */
export const strayKeys = {
  ANTHROPIC_API_KEY: 'stray-anthropic-key',
  ANTHROPIC_AUTH_TOKEN: 'stray-anthropic-token',
  OPENAI_API_KEY: 'stray-openai-key',
  OPENAI_ADMIN_KEY: 'stray-openai-admin-key',
}
