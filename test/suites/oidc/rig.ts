import { inject } from 'vitest'

import type { Clock, Transaction } from '../../../src/contracts.ts'
import { authorizationUrl, beginTransaction, discoverServer, none, realClock } from '../../../src/core/index.ts'
import type { Parties, World } from '../../../src/core/index.ts'
import { createClient } from '../../../src/index.ts'
import type { Client, ClientOptions } from '../../../src/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import type { PublicClient } from '../../runtimes/context.ts'

export const world = inject('world')
export const provider = oidc({
  issuer: world.issuer,
  scopes: ['openid', 'offline_access', 'email'],
  authorizationParams: { prompt: 'consent' },
})

/** What the person did, and where that led. */
interface Errand {
  readonly url: string | URL
  readonly login?: string
  readonly deny?: boolean
}

async function errand(path: string, body: object): Promise<{ readonly url: string; readonly status?: number }> {
  const response = await fetch(`${world.stage}/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return (await response.json()) as { readonly url: string; readonly status?: number }
}

/** Signs in as a person would, and gives where that ended: the callback, or a page of the server. */
export function drive(
  { url, ...more }: Errand,
  { redirectUri }: Pick<PublicClient, 'redirectUri'>,
): ReturnType<typeof errand> {
  return errand('drive', { url: String(url), stop: redirectUri, ...more })
}

/** Enters the code that a device shows. */
export async function driveDevice({ url, ...more }: Errand): Promise<void> {
  await errand('drive-device', { url: String(url), ...more })
}

export function clientOf(
  registered: { readonly clientId: string; readonly redirectUri?: string },
  more: Partial<ClientOptions> = {},
): Client {
  const { clientId, redirectUri } = registered
  return createClient({
    provider,
    clientId,
    ...(redirectUri !== undefined && { redirectUri }),
    apiOrigins: [world.issuer],
    allowInsecureLoopback: true,
    ...more,
  })
}

/** Signs `login` in with a client, and gives the callback. */
export async function signIn(client: Client, registered: PublicClient, login: string): Promise<string> {
  const { url } = await client.start()
  const { url: callback } = await drive({ url, login }, registered)
  await client.finish(callback)
  return callback
}

/** A clock on which five seconds pass at once, so that nobody waits for a device. */
export const hastyClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => realClock.sleep(ms <= 5000 ? 100 : ms, signal),
}

export const realWorld: World = {
  fetch: (input, init) => fetch(input, init),
  clock: realClock,
  timeout: 10_000,
  allowInsecureLoopback: true,
}

export async function partiesOf(clientId: string, more: Partial<Parties> = {}): Promise<Parties> {
  const server = await discoverServer(provider, realWorld)
  return { provider, server, clientId, clientAuth: none(), world: realWorld, ...more }
}

/** A sign-in up to its callback, below the client. */
export async function begun(
  parties: Parties,
  redirectUri: string,
  login: string,
): Promise<{ readonly transaction: Transaction; readonly callback: URL }> {
  const scopes = provider.scopes ?? []
  const transaction = beginTransaction(parties, { slot: 'test', redirectUri, scopes, lifetime: 60_000 })
  const { url } = await authorizationUrl(parties, transaction, { pushed: false })
  const arrival = await drive({ url, login }, { redirectUri })
  return { transaction, callback: new URL(arrival.url) }
}
