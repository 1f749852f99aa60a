import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { Fetch } from '../../src/contracts.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { AuthorizationServer } from '../../src/testing/index.ts'
import { isGood } from './vendor-server.ts'

/** An MCP server that wants a token, and the authorization server that it names. */
export interface ProtectedMcpServer {
  readonly fetch: Fetch
  readonly server: AuthorizationServer
  /** The status of each request at `/mcp`, in order. */
  readonly statuses: number[]
  /** How many clients registered themselves (RFC 7591). */
  registrations(): number
}

/** Serves one tool, `greet`, at `origin`/mcp: to whoever signed in at the same origin. */
export function createProtectedMcpServer(origin: string): ProtectedMcpServer {
  const registration = { registration_endpoint: `${origin}/register` }
  const server = createAuthorizationServer({
    issuer: origin,
    rotation: 'strict',
    tamper: { metadata: (document) => ({ ...document, ...registration }) },
  })
  const statuses: number[] = []
  let registrations = 0
  return {
    server,
    statuses,
    registrations: () => registrations,
    async fetch(input, init) {
      const request = new Request(input, init)
      const { pathname } = new URL(request.url)
      if (pathname.startsWith('/.well-known/oauth-protected-resource')) {
        return Response.json({ resource: `${origin}/mcp`, authorization_servers: [origin] })
      }
      if (pathname === '/register') {
        registrations += 1
        return Response.json({ ...((await request.json()) as object), client_id: 'app' }, { status: 201 })
      }
      if (pathname !== '/mcp') return server.fetch(request)
      const response = (await isGood(server, request.headers)) ? await answer(request) : challenge(origin)
      statuses.push(response.status)
      return response
    },
  }
}

function challenge(origin: string): Response {
  const where = `${origin}/.well-known/oauth-protected-resource/mcp`
  const header = `Bearer error="invalid_token", resource_metadata="${where}"`
  return new Response(undefined, { status: 401, headers: { 'www-authenticate': header } })
}

async function answer(request: Request): Promise<Response> {
  if (request.method !== 'POST') return new Response(undefined, { status: 405 })
  const mcp = new McpServer({ name: 'test', version: '1.0.0' })
  mcp.registerTool('greet', {}, async ({ sendNotification }) => {
    for (const data of ['Good', ' morning']) {
      await sendNotification({ method: 'notifications/message', params: { level: 'info', data } })
    }
    return { content: [{ type: 'text', text: 'Good morning, Ada' }] }
  })
  mcp.server.registerCapabilities({ logging: {} })
  const transport = new WebStandardStreamableHTTPServerTransport()
  await mcp.connect(transport)
  return transport.handleRequest(request)
}
