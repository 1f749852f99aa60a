import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import type { Client } from '../../src/client/client.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { createMCPProvider, toMCP } from '../../src/sdk/mcp.ts'
import type { MCPProvider } from '../../src/sdk/mcp.ts'
import { memoryTransactions } from '../../src/stores/memory-transactions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { Store, TransactionStore } from '../../src/contracts.ts'
import { listen } from '../../src/testing/listen.node.ts'
import type { Listening } from '../../src/testing/listen.node.ts'
import { createProtectedMcpServer } from './mcp-server.ts'
import type { ProtectedMcpServer } from './mcp-server.ts'

let running: Listening<ProtectedMcpServer>
let url: URL

beforeEach(async () => {
  running = await listen(createProtectedMcpServer)
  url = new URL('/mcp', running.origin)
})

afterEach(() => running.close())

const refreshes = (): number => running.server.server.history.count({ endpoint: 'token', grant: 'refresh_token' })

/** Waits for the stream that a transport asks for in the background, which the server does not have. */
const settled = (): Promise<void> =>
  vi.waitUntil(() => running.server.statuses.includes(405), { timeout: 10_000 }).then(() => undefined)

/** A connected MCP client of either generation. */
interface Connected {
  /** Calls the tool, and gives what it said before its result, and the result. */
  greet(): Promise<{ readonly heard: readonly unknown[]; readonly text: unknown }>
}

async function connected1(transport: Transport1): Promise<Connected> {
  const { LoggingMessageNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js')
  const heard: unknown[] = []
  const mcp = new Client1({ name: 'test', version: '1.0.0' })
  mcp.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data))
  await mcp.connect(transport as Parameters<typeof mcp.connect>[0])
  await settled()
  return { greet: async () => ({ heard, text: textOf(await mcp.callTool({ name: 'greet' })) }) }
}

async function connected2(transport: Transport2): Promise<Connected> {
  const heard: unknown[] = []
  const mcp = new Client2({ name: 'test', version: '1.0.0' })
  mcp.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.data))
  await mcp.connect(transport)
  await settled()
  return { greet: async () => ({ heard, text: textOf(await mcp.callTool({ name: 'greet' })) }) }
}

function textOf(result: object): unknown {
  const [first] = (result as { readonly content: unknown }).content as readonly { readonly text?: unknown }[]
  return first?.text
}

const greeting = { heard: ['Good', ' morning'], text: 'Good morning, Ada' }

describe('a client that is signed in', () => {
  let client: Client

  beforeEach(async () => {
    client = createClient({
      provider: oidc({ issuer: running.origin }),
      clientId: 'app',
      redirectUri: 'http://127.0.0.1:8931/callback',
      scopes: ['openid', 'offline_access'],
      apiOrigins: [running.origin],
      allowInsecureLoopback: true,
    })
    const started = await client.start()
    await client.finish(await running.server.server.approve(started.url))
  })

  const ways: readonly (readonly [string, () => Promise<Connected>])[] = [
    ['toMCP, 1.x', () => connected1(new Transport1(url, toMCP(client)))],
    ['toMCP, 2.x', () => connected2(new Transport2(url, toMCP(client)))],
    ['as AuthProvider, 2.x', () => connected2(new Transport2(url, { authProvider: client }))],
  ]

  it.each(ways)('calls, hears a stream, and survives a refused token with one refresh: %s', async (_name, connect) => {
    const mcp = await connect()
    expect(await mcp.greet()).toEqual(greeting)
    running.server.server.revokeAccessTokens()
    expect((await mcp.greet()).text).toBe(greeting.text)
    expect(refreshes()).toBe(1)
  })
})

describe('a provider for a server that says itself where to sign in', () => {
  let store: Store
  let transactions: TransactionStore
  let visited: URL[]

  beforeEach(() => {
    store = memoryStore()
    transactions = memoryTransactions()
    visited = []
  })

  const provider = (): MCPProvider =>
    createMCPProvider({
      store,
      transactions,
      key: 'mcp-test',
      clientName: 'Test',
      redirectUri: 'http://127.0.0.1:8931/callback',
      scopes: ['openid', 'offline_access'],
      redirect: (address) => void visited.push(address),
    })

  interface Generation {
    readonly name: string
    open(authProvider: MCPProvider): {
      connect(): Promise<Connected>
      finish(callback: URL): Promise<void>
      /** What an application must not do: it passes a code on without its state. */
      exchange(code: string): Promise<void>
    }
  }

  const generations: readonly Generation[] = [
    {
      name: '1.x',
      open(authProvider) {
        const transport = new Transport1(url, { authProvider })
        return {
          connect: () => connected1(transport),
          finish: (callback) =>
            authProvider.finish(callback, (params) => transport.finishAuth(params.get('code') ?? '')),
          exchange: (code) => transport.finishAuth(code),
        }
      },
    },
    {
      name: '2.x',
      open(authProvider) {
        const transport = new Transport2(url, { authProvider })
        return {
          connect: () => connected2(transport),
          finish: (callback) => authProvider.finish(callback, (params) => transport.finishAuth(params)),
          exchange: (code) => transport.finishAuth(code),
        }
      },
    },
  ]

  const leave = async (open: Generation['open'], authProvider: MCPProvider): Promise<URL> => {
    await expect(open(authProvider).connect()).rejects.toThrow()
    const address = visited.pop()
    expect(address?.origin).toBe(running.origin)
    return running.server.server.approve(address ?? '')
  }

  const signIn = async (open: Generation['open'], authProvider: MCPProvider): Promise<void> => {
    await open(authProvider).finish(await leave(open, authProvider))
  }

  describe.each(generations)('$name', ({ open }) => {
    it('signs in, also when the page was left in between', async () => {
      const callback = await leave(open, provider())
      const later = provider()
      await open(later).finish(callback)
      expect(await (await open(later).connect()).greet()).toEqual(greeting)
      expect(await store.get('mcp-test')).toMatchObject({ clientId: 'app', tokens: { tokenType: 'Bearer' } })
      expect(running.server.registrations()).toBe(1)
    })

    it('survives a refused token with one refresh, and registers once', async () => {
      await signIn(open, provider())
      const mcp = await open(provider()).connect()
      running.server.server.revokeAccessTokens()
      expect((await mcp.greet()).text).toBe(greeting.text)
      expect(refreshes()).toBe(1)
      expect(running.server.registrations()).toBe(1)
      expect(visited).toEqual([])
    })

    it('keeps two sign-ins apart that are under way at once', async () => {
      const authProvider = provider()
      const first = await leave(open, authProvider)
      const second = await leave(open, authProvider)
      await Promise.all([open(authProvider).finish(first), open(authProvider).finish(second)])
      expect(running.server.server.history.filter({ endpoint: 'token', status: 200 })).toHaveLength(2)
    })

    it('never shows a refresh token twice, however many need one', async () => {
      await signIn(open, provider())
      const shared = provider()
      const clients = await Promise.all([shared, shared, provider(), provider()].map((one) => open(one).connect()))
      running.server.server.revokeAccessTokens()
      const told = await Promise.all(clients.map(async (mcp) => (await mcp.greet()).text))
      expect(told).toEqual(Array(4).fill(greeting.text))
      const shown = running.server.server.history.filter({ grant: 'refresh_token' })
      expect(shown.filter(({ reuse, repeat }) => reuse === true || repeat === true)).toEqual([])
      expect(visited).toEqual([])
    })

    it('takes nothing but a refused token away, and asks to sign in again', async () => {
      await signIn(open, provider())
      const mcp = await open(provider()).connect()
      running.server.server.revokeSessions()
      await expect(mcp.greet()).rejects.toThrow()
      expect(await store.get('mcp-test')).toBeUndefined()
      expect(visited).toHaveLength(1)
    })

    it('stores nothing after a sign-out that overtook the refresh', async () => {
      await signIn(open, provider())
      const mcp = await open(provider()).connect()
      running.server.server.revokeAccessTokens()
      const held = running.server.server.faults.hold('token')
      const greeted = mcp.greet().catch(() => 'refused')
      await held.arrived
      await store.update('mcp-test', () => undefined)
      held.release()
      expect(await greeted).toBe('refused')
      expect(await store.get('mcp-test')).toBeUndefined()
    })

    it('takes no code that finish has not let in', async () => {
      const authProvider = provider()
      const callback = await leave(open, authProvider)
      const forged = new URL(callback)
      forged.searchParams.set('state', 'forged')
      await expect(open(authProvider).finish(forged)).rejects.toMatchObject({ code: 'state_mismatch' })
      const code = callback.searchParams.get('code') ?? ''
      await expect(open(authProvider).exchange(code)).rejects.toThrow()
      expect(running.server.server.history.count({ endpoint: 'token' })).toBe(0)
    })
  })
})
