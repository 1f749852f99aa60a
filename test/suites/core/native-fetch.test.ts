import { describe, expect, it } from 'vitest'
import { clientCredentials, clientSecretBasic, discoverServer } from '../../../src/core/index.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'

const client = { clientId: 'job', authMethod: 'client_secret_basic', clientSecret: 'secret' } as const

describe('a world that holds the fetch of the runtime', () => {
  it('may hold it as it is: nobody calls it as a method', async () => {
    const server = createAuthorizationServer({ clients: [client], clock: manualClock() })
    // As browsers and Workers do.
    function fetch(this: unknown, input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      if (this !== undefined && this !== globalThis) throw new TypeError('Illegal invocation')
      return server.fetch(input, init)
    }
    const world = { fetch, clock: server.clock, timeout: 10_000, allowInsecureLoopback: false }
    const provider = oidc({ issuer: server.issuer })
    const metadata = await discoverServer(provider, world)
    const clientAuth = clientSecretBasic(client.clientSecret)
    const tokens = await clientCredentials({ provider, server: metadata, world, clientId: client.clientId, clientAuth })
    expect(tokens.accessToken).not.toBe('')
  })
})
