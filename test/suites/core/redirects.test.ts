import { describe, expect, inject, it } from 'vitest'

import type { Fetch } from '../../../src/contracts.ts'
import {
  authorizationUrl,
  authorizeDevice,
  beginTransaction,
  clientCredentials,
  clientSecretPost,
  discoverServer,
  pollDevice,
  refreshTokens,
  revokeToken,
  userInfo,
} from '../../../src/core/index.ts'
import type { Parties } from '../../../src/core/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { double, failureOf, finished, legible, partiesOf, redirectUri, signIn, started, worldOf } from './rig.ts'

const { stage } = inject('world')
const statuses = [301, 302, 303, 307, 308]
const origins = { 'the same origin': stage, 'another origin': stage.replace('127.0.0.1', 'localhost') }

interface Trap {
  readonly url: (status: number, origin: string) => string
  readonly visits: () => Promise<number>
}

/** A place on a real socket that nobody shall be sent to. */
function trap(): Trap {
  const id = crypto.randomUUID()
  return {
    url: (status, origin) => `${stage}/redirect/${status}?to=${encodeURIComponent(`${origin}/recorder/${id}/target`)}`,
    visits: async () => ((await (await fetch(`${stage}/recorder/${id}/log`)).json()) as unknown[]).length,
  }
}

interface Road {
  readonly endpoint: string
  readonly path: string
  /** Goes this far on the good road; what it gives goes the rest, over the redirected endpoint. */
  readonly prepare: (server: AuthorizationServer, parties: Parties) => Promise<(parties: Parties) => Promise<unknown>>
}

const request = { slot: 'test', redirectUri, scopes: ['openid'], lifetime: 600_000 }

const roads: readonly Road[] = [
  {
    endpoint: 'discovery',
    path: '/.well-known/openid-configuration',
    prepare: async () => (parties) => discoverServer(parties.provider, parties.world),
  },
  {
    endpoint: 'token',
    path: '/token',
    prepare: async (server, parties) => {
      const { transaction, callback } = await started(server, parties)
      return (there) => finished(there, transaction, callback)
    },
  },
  {
    endpoint: 'token',
    path: '/token',
    prepare: async (server, parties) => {
      const { tokens } = await signIn(server, parties)
      return (there) => refreshTokens(there, { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? '' } })
    },
  },
  {
    endpoint: 'token',
    path: '/token',
    prepare: async (_, parties) => {
      const device = await authorizeDevice(parties, { scopes: [] })
      return (there) => pollDevice(there, { ...device, interval: 0 }, { scopes: [] })
    },
  },
  { endpoint: 'token', path: '/token', prepare: async () => (parties) => clientCredentials(parties) },
  {
    endpoint: 'pushed_authorization',
    path: '/par',
    prepare: async () => (parties) => authorizationUrl(parties, beginTransaction(parties, request), { pushed: true }),
  },
  {
    endpoint: 'revocation',
    path: '/revoke',
    prepare: async () => (parties) => revokeToken(parties, { token: 'rt-1', hint: 'refresh_token' }),
  },
  {
    endpoint: 'userinfo',
    path: '/userinfo',
    prepare: async (server, parties) => {
      const { tokens } = await signIn(server, parties)
      return (there) => userInfo(there, { tokens })
    },
  },
  {
    endpoint: 'device_authorization',
    path: '/device_authorization',
    prepare: async () => (parties) => authorizeDevice(parties, { scopes: [] }),
  },
  {
    endpoint: 'jwks',
    path: '/jwks',
    prepare: async (server, parties) => {
      const { transaction, callback } = await started(server, parties)
      return (there) => finished(there, transaction, callback)
    },
  },
]
const names = ['', ' with a code', ' with a refresh token', ' with a device code', ' for the client itself', '']

const clients = [
  {
    clientId: 'web',
    redirectUris: [redirectUri],
    authMethod: 'client_secret_post' as const,
    clientSecret: 'canary-secret',
  },
]

/** Goes the road with one endpoint on a real socket, where a redirect waits. */
async function detour({ path, prepare }: Road, target: string): Promise<Error> {
  const server = double({ clients })
  const identity = { clientId: 'web', clientAuth: clientSecretPost('canary-secret') }
  const parties = await partiesOf(server, identity)
  const goOn = await prepare(server, parties)
  const redirected: Fetch = (input, init) =>
    String(input) === server.issuer + path ? fetch(target, init) : server.fetch(input, init)
  // A copy of the metadata, so that no keys are remembered for it.
  const there = { ...parties, server: { ...parties.server }, world: worldOf(server, redirected) }
  return failureOf(goOn(there))
}

describe('a redirect is not followed', () => {
  for (const [index, road] of roads.entries()) {
    for (const [where, origin] of Object.entries(origins)) {
      it(`at the ${road.endpoint} endpoint${names[index] ?? ''}, to ${where}: nothing arrives there`, async () => {
        const { url, visits } = trap()
        for (const status of statuses) {
          const error = await detour(road, url(status, origin))
          expect(error).toMatchObject({ code: 'unexpected_redirect', detail: { endpoint: road.endpoint } })
          expect(legible(error)).not.toContain('canary')
        }
        expect(await visits()).toBe(0)
      })
    }
  }

  it('although it would be, were it left to the runtime: the trap works', async () => {
    const { url, visits } = trap()
    for (const origin of Object.values(origins)) await fetch(url(307, origin), { method: 'POST', body: 'secret' })
    // A browser may ask first whether it may.
    expect(await visits()).toBeGreaterThanOrEqual(2)
  })

  it('where the fetch it was given has followed it already, its answer is not used', async () => {
    const server = double({ clients })
    const parties = await partiesOf(server, { clientId: 'web', clientAuth: clientSecretPost('canary-secret') })
    const { url } = trap()
    const follows: Fetch = (_, init) => fetch(url(307, stage), { ...init, redirect: 'follow' })
    const attempt = clientCredentials({ ...parties, world: worldOf(server, follows) })
    // Deno is given a stream, which it can't send on, and says so.
    const code = 'Deno' in globalThis ? 'network' : 'unexpected_redirect'
    expect(await failureOf(attempt)).toMatchObject({ code })
  })
})
