// Calls a tool of an MCP server, which says itself where to sign in: `node mcp-client.ts https://mcp.example.com/mcp greet`

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client'
import { memoryTransactions } from 'latchkey'
import { authFilePath, fileStore, openBrowser, startCallbackServer } from 'latchkey/node'
import { createMCPProvider } from 'latchkey/sdk/mcp'

const [address = '', tool = ''] = process.argv.slice(2)
const url = new URL(address)

let state: string | undefined
const callbackServer = await startCallbackServer({
  path: '/callback',
  accept: (callback) => callback.searchParams.get('state') === state,
})
const authProvider = createMCPProvider({
  store: fileStore({ path: authFilePath() }),
  key: `mcp-${url.host.replace(':', '-')}`,
  transactions: memoryTransactions(),
  clientName: 'My script',
  redirectUri: callbackServer.redirectUri,
  async redirect(visit) {
    state = visit.searchParams.get('state') ?? undefined
    console.error(`Open this address in your browser:\n\n${visit}\n`)
    await openBrowser(visit)
  },
})

const mcp = new Client({ name: 'my-script', version: '1.0.0' })
const first = new StreamableHTTPClientTransport(url, { authProvider })
try {
  await mcp.connect(first)
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error
  await authProvider.finish(await callbackServer.callback, (params) => first.finishAuth(params))
  await callbackServer.respond('signed-in')
  await mcp.connect(new StreamableHTTPClientTransport(url, { authProvider }))
}
await callbackServer.close()

const result = await mcp.callTool({ name: tool })
console.log(JSON.stringify(result.content))
await mcp.close()
