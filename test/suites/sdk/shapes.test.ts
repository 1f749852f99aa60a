import { describe, expect, it } from 'vitest'
import type { GetTokenOptions, TokenSet } from '../../../src/contracts.ts'
import { createClient, memoryStore } from '../../../src/index.ts'
import { openaiCodex } from '../../../src/providers/openai.ts'
import { toAISDK } from '../../../src/sdk/ai-sdk.ts'
import { toAnthropic } from '../../../src/sdk/anthropic.ts'
import { toAzure } from '../../../src/sdk/azure.ts'
import { toFetch } from '../../../src/sdk/fetch.ts'
import { toGoogle } from '../../../src/sdk/google.ts'
import { toLangChain } from '../../../src/sdk/langchain.ts'
import { toMCP } from '../../../src/sdk/mcp.ts'
import { toCodex, toOpenAI } from '../../../src/sdk/openai.ts'
import { rig } from '../client/rig.ts'
import type { Rig } from '../client/rig.ts'

async function signedIn(): Promise<Rig> {
  const made = rig()
  await made.signIn()
  return made
}

/** A client of a few lines, which counts its renewals. */
function plain(tokens: Partial<TokenSet> = {}) {
  const asked: (GetTokenOptions | undefined)[] = []
  let generation = 0
  return {
    asked,
    getToken: async (options?: GetTokenOptions): Promise<TokenSet> => {
      asked.push(options)
      if (options?.forceRefresh === true) generation += 1
      return { accessToken: `token-${generation}`, tokenType: 'Bearer', ...tokens }
    },
    fetch: async (): Promise<Response> => new Response('theirs'),
  }
}

describe('toAnthropic', () => {
  it('tells seconds, and null where nobody knows', async () => {
    const known = toAnthropic(plain({ expiresAt: 1_700_000_000_999 }))
    expect(await known.credentials()).toEqual({ token: 'token-0', expiresAt: 1_700_000_000 })
    expect(await toAnthropic(plain()).credentials()).toEqual({ token: 'token-0', expiresAt: null })
  })

  it('leaves no room for keys of the environment', () => {
    expect(toAnthropic(plain())).toMatchObject({ apiKey: null, authToken: null })
  })

  it('renews the token that it gave, and no other', async () => {
    const { client, refreshes } = await signedIn()
    const { credentials } = toAnthropic(client)
    const first = await credentials()
    const second = await credentials({ forceRefresh: true })
    expect(second.token).not.toBe(first.token)
    expect(refreshes()).toBe(1)
    // Somebody else renews it, and then the SDK asks.
    const { accessToken } = await client.getToken({ forceRefresh: true })
    expect((await credentials({ forceRefresh: true })).token).toBe(accessToken)
    expect(refreshes()).toBe(2)
  })
})

describe('toOpenAI, toAISDK and toLangChain', () => {
  it('ask for the token each time', async () => {
    const client = plain()
    const { openai, anthropic } = toAISDK(client)
    const asks = [toOpenAI(client).apiKey, openai.apiKey, anthropic.authToken, toLangChain(client).openai.apiKey]
    for (const ask of asks) {
      expect(await ask()).toBe('token-0')
      await ask()
    }
    expect(client.asked).toHaveLength(8)
  })

  it('hand every request to client.fetch', async () => {
    const client = plain()
    const { openai, anthropic } = toAISDK(client)
    const ways = [toOpenAI(client), openai, anthropic, toLangChain(client).openai.configuration, toMCP(client)]
    for (const { fetch } of ways) expect(await (await fetch('https://api.example.com/')).text()).toBe('theirs')
    expect(ways).toHaveLength(5)
  })

  it('put our options over those that LangChain gives to its own SDK', () => {
    const built = toLangChain(plain()).anthropic(
      class {
        readonly given: object
        constructor(options: object) {
          this.given = options
        }
      },
    )
    expect(built.createClient({ apiKey: 'theirs', maxRetries: 0 }).given).toMatchObject({ apiKey: null, maxRetries: 0 })
  })
})

describe('toCodex', () => {
  const sent = async (accountId: string | undefined): Promise<Headers> => {
    let headers = new Headers()
    const store = memoryStore()
    const account = accountId === undefined ? {} : { account: { accountId } }
    await store.update('openai-codex', () => ({ tokens: { accessToken: 'at', tokenType: 'Bearer' }, ...account }))
    const client = createClient({
      provider: openaiCodex({ apiHeaders: {} }),
      store,
      fetch: async (_input, init) => {
        headers = new Headers(init?.headers)
        return new Response()
      },
    })
    const { fetch } = toCodex(client)
    await fetch('https://chatgpt.com/backend-api/codex/responses', { headers: { accept: 'text/event-stream' } })
    expect(headers.get('authorization')).toBe('Bearer at')
    headers.delete('authorization')
    return headers
  }

  it('names the account, where there is one', async () => {
    expect(Object.fromEntries(await sent('account-1'))).toEqual({
      accept: 'text/event-stream',
      'chatgpt-account-id': 'account-1',
    })
    expect(Object.fromEntries(await sent(undefined))).toEqual({ accept: 'text/event-stream' })
  })

  it('knows where the API is', () => {
    expect(toCodex(plain()).baseURL).toBe('https://chatgpt.com/backend-api/codex')
  })
})

describe('toFetch', () => {
  it('carries the token to the API, and nowhere else', async () => {
    const { client, server } = await signedIn()
    const others: Request[] = []
    const fetch = toFetch(client, async (input, init) => {
      others.push(new Request(input, init))
      return new Response('another')
    })
    const own = (await (await fetch(`${server.apiUrl}/echo`)).json()) as { readonly account?: string }
    expect(own.account).toBe('ada')
    expect(await (await fetch('https://other.example/')).text()).toBe('another')
    expect(others.map(({ url, headers }) => [url, headers.get('authorization')])).toEqual([
      ['https://other.example/', null],
    ])
  })

  it('hands a body on that was looked at', async () => {
    const { client, server } = await signedIn()
    const fetch = toFetch(client, async (input, init) => new Response(await new Request(input, init).text()))
    const post = (url: string): Promise<Response> => fetch(new Request(url, { method: 'POST', body: 'a body' }))
    expect(await (await post('https://other.example/')).text()).toBe('a body')
    expect(await (await post(`${server.apiUrl}/echo`)).json()).toMatchObject({ bodyLength: 6 })
  })

  it('leaves no rejection to nobody where the source of a body fails that the API has not read', async () => {
    const unread = { fetch: async () => new Response('too large', { status: 413 }) }
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('the source has failed')) })
    const request = new Request('https://api.example/', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect((await toFetch(unread)(request)).status).toBe(413)
  })

  it('hands on no request that the API itself has failed', async () => {
    const { client, server } = await signedIn()
    const fetch = toFetch(client, async () => new Response('another'))
    server.faults.next('api', { drop: true })
    await expect(fetch(`${server.apiUrl}/echo`)).rejects.toMatchObject({ code: 'network' })
  })
})

describe('toAzure', () => {
  it('tells milliseconds', async () => {
    const answer = await toAzure(plain({ expiresAt: 1_700_000_000_999 })).getToken('scope')
    expect(answer).toEqual({ token: 'token-0', expiresOnTimestamp: 1_700_000_000_999, tokenType: 'Bearer' })
  })

  it('lets a token whose end nobody knows be asked for again soon', async () => {
    const { expiresOnTimestamp } = await toAzure(plain()).getToken('scope')
    expect(expiresOnTimestamp - Date.now()).toBeGreaterThan(2 * 60_000)
    expect(expiresOnTimestamp - Date.now()).toBeLessThanOrEqual(5 * 60_000)
  })

  it('renews the token that an API has refused with claims, and hands the signal on', async () => {
    const client = plain()
    const { signal } = new AbortController()
    const { token } = await toAzure(client).getToken('scope', { claims: '{}', abortSignal: signal })
    expect(token).toBe('token-1')
    expect(client.asked).toEqual([{ forceRefresh: true, signal }])
  })

  it('gives no token that is of no use without a proof', async () => {
    await expect(toAzure(plain({ tokenType: 'DPoP' })).getToken('scope')).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('toGoogle', () => {
  it('gives headers and the token', async () => {
    const auth = toGoogle(plain())
    expect(Object.fromEntries(await auth.getRequestHeaders())).toEqual({ authorization: 'Bearer token-0' })
    expect(await auth.getAccessToken()).toEqual({ token: 'token-0' })
  })

  it('renews the token that it gave before', async () => {
    const { refreshHandler } = toGoogle(plain({ expiresAt: 1_700_000_000_999 }))
    expect(await refreshHandler()).toEqual({ access_token: 'token-0', expiry_date: 1_700_000_000_999 })
    expect(await refreshHandler()).toEqual({ access_token: 'token-1', expiry_date: 1_700_000_000_999 })
  })

  it('gives no token that is of no use without a proof', async () => {
    const { getAccessToken, getRequestHeaders, refreshHandler } = toGoogle(plain({ tokenType: 'DPoP' }))
    for (const ask of [getAccessToken, getRequestHeaders, refreshHandler]) {
      await expect(ask()).rejects.toMatchObject({ code: 'unsupported' })
    }
  })
})
