import {
  bearerTokenAuthenticationPolicy,
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
} from '@azure/core-rest-pipeline'
import type { PipelineResponse } from '@azure/core-rest-pipeline'
import { OAuth2Client } from 'google-auth-library'
import type { AuthClient } from 'google-auth-library'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toAzure } from '../../src/sdk/azure.ts'
import { toGoogle } from '../../src/sdk/google.ts'
import { signedIn, strayKeys } from './rig.ts'
import type { Rig } from './rig.ts'

let rig: Rig

beforeEach(async () => {
  for (const [name, key] of Object.entries(strayKeys)) vi.stubEnv(name, key)
  rig = await signedIn('anthropic')
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rig.close()
})

describe('@azure/core-rest-pipeline', () => {
  const seen: (string | undefined)[] = []

  /** Azure insists on https, so its requests are carried to the server by hand. */
  async function call(): Promise<PipelineResponse> {
    const pipeline = createEmptyPipeline()
    pipeline.addPolicy(
      bearerTokenAuthenticationPolicy({
        credential: toAzure(rig.client),
        scopes: 'https://vault.example.net/.default',
      }),
    )
    const request = createPipelineRequest({ url: 'https://vault.example.net/secrets' })
    return pipeline.sendRequest(
      {
        async sendRequest(sent) {
          const authorization = sent.headers.get('authorization') ?? ''
          seen.push(authorization)
          const { status } = await rig.server.fetch(`${rig.server.apiUrl}/echo`, { headers: { authorization } })
          const claims = btoa(JSON.stringify({ access_token: { nbf: { essential: true, value: '1' } } }))
          const challenge = `Bearer error="insufficient_claims", claims="${claims}"`
          return {
            request: sent,
            status,
            headers: createHttpHeaders(status === 401 ? { 'WWW-Authenticate': challenge } : {}),
          }
        },
      },
      request,
    )
  }

  beforeEach(() => {
    seen.length = 0
  })

  it('calls as whoever signed in', async () => {
    expect((await call()).status).toBe(200)
    expect(seen).toEqual([`Bearer ${await rig.client.getAccessToken()}`])
  })

  it('survives a token that was refused with claims, with one refresh', async () => {
    rig.server.revokeAccessTokens()
    expect((await call()).status).toBe(200)
    expect(seen).toHaveLength(2)
    expect(rig.refreshes()).toBe(1)
  })

  it('survives an expired token with one refresh', async () => {
    rig.server.clock.advance(9 * 3_600_000)
    expect((await call()).status).toBe(200)
    expect(rig.refreshes()).toBe(1)
  })
})

describe('google-auth-library', () => {
  function open(): OAuth2Client {
    const auth = new OAuth2Client({ forceRefreshOnFailure: true })
    auth.refreshHandler = toGoogle(rig.client).refreshHandler
    return auth
  }

  const call = async (auth: OAuth2Client): Promise<string | undefined> => {
    const { data } = await auth.request<{ readonly headers: Record<string, string> }>({
      url: `${rig.server.apiUrl}/echo`,
    })
    return data.headers['authorization']
  }

  it('calls as whoever signed in, and streams', async () => {
    expect(await call(open())).toMatch(/^Bearer /)
    const { data } = await open().request<ReadableStream<Uint8Array>>({
      url: `${rig.server.apiUrl}/stream?count=2`,
      responseType: 'stream',
    })
    expect(await new Response(data).text()).toContain('{"number":2}')
  })

  it('survives a refused token with one refresh', async () => {
    const auth = open()
    const before = await call(auth)
    rig.server.revokeAccessTokens()
    expect(await call(auth)).not.toBe(before)
    expect(rig.refreshes()).toBe(1)
  })

  it('finds the shape of an AuthClient', async () => {
    const auth: Pick<AuthClient, 'getAccessToken' | 'getRequestHeaders'> = toGoogle(rig.client)
    const token = await rig.client.getAccessToken()
    expect(await auth.getAccessToken()).toEqual({ token })
    expect((await auth.getRequestHeaders(rig.origin)).get('authorization')).toBe(`Bearer ${token}`)
  })
})
