// Signs in with Claude Console and creates an API key, without a single await.

import { readSync, writeSync } from 'node:fs'
import { createOAuthClient, openBrowser } from 'latchkey/blocking'

const client = createOAuthClient()
const flow = client.startFlow('console')

writeSync(2, `Open this address in your browser:\n\n${flow.authorizationUrl}\n\n`)
openBrowser(flow.authorizationUrl)
writeSync(2, 'Paste what the page shows: ')

const tokens = client.exchangeCode(readLine(), flow)
const apiKey = client.createApiKey(tokens)

// The key is shown this once. Pipe it to where it belongs: … | secret-tool store --label claude service claude
writeSync(1, apiKey)

function readLine(): string {
  const bytes = new Uint8Array(65_536)
  const length = readSync(0, bytes)
  return new TextDecoder().decode(bytes.subarray(0, length)).trim()
}
