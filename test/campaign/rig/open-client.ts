import type { ClientEvent, Clock, Rotation, Store } from '../../../src/contracts.ts'
import { createClient } from '../../../src/index.ts'
import type { Client } from '../../../src/index.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'

/** The account slot of all clients of the campaign: the provider's id. */
export const slot = 'campaign'

export interface ClientSetting {
  /** Where the authorization server listens. */
  readonly origin: string
  readonly store: Store
  readonly rotation?: Rotation
  /** Under which name the server's history knows this process. */
  readonly worker: string
  readonly clock?: Clock
  readonly timeout?: number
  readonly lockTimeout?: number
  readonly onEvent?: (event: ClientEvent) => void
  /** Sees each request begin, and gives what to do when it has ended. */
  readonly onRequest?: () => () => void
}

/** A client as an application would make it, whose requests say which process sent them. */
export function openClient(setting: ClientSetting): Client {
  const { origin, store, rotation = 'unknown', worker, clock, timeout, lockTimeout, onEvent, onRequest } = setting
  return createClient({
    provider: oauth2({
      id: slot,
      issuer: origin,
      endpoints: { authorization: `${origin}/authorize`, token: `${origin}/token` },
      rotation,
    }),
    clientId: 'app',
    redirectUri: 'http://127.0.0.1/callback',
    scopes: ['read'],
    apiOrigins: [origin],
    allowInsecureLoopback: true,
    store,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const headers = new Headers(request.headers)
      headers.set('x-worker', worker)
      const ended = onRequest?.()
      try {
        return await fetch(new Request(request, { headers }))
      } finally {
        ended?.()
      }
    },
    ...(clock !== undefined && { clock }),
    ...(timeout !== undefined && { timeout }),
    ...(lockTimeout !== undefined && { lockTimeout }),
    ...(onEvent !== undefined && { onEvent }),
  })
}

/** Signs the server's person in; it approves by itself. */
export async function signIn(client: Client): Promise<void> {
  const { url } = await client.start()
  const answer = await fetch(url, { redirect: 'manual' })
  const callback = answer.headers.get('location')
  if (callback === null) throw new Error(`the server sent nobody back: ${answer.status} ${await answer.text()}`)
  const { stored } = (await client.finish(callback)) as { readonly stored?: boolean }
  if (stored === false) throw new Error('the sign-in could not be stored')
}
