// Signs in with a Claude Pro or Max plan, without a single await. Anthropic reserves this for its own
// applications: read at `anthropic` in latchkey/providers/anthropic whose permission you need.

import { readSync, writeSync } from 'node:fs'
import { createOAuthClient, openBrowser } from 'latchkey/blocking'

const client = createOAuthClient()
const flow = client.startFlow('max')

writeSync(2, `Open this address in your browser:\n\n${flow.authorizationUrl}\n\n`)
openBrowser(flow.authorizationUrl)
writeSync(2, 'Paste what the page shows: ')

// Nothing is stored: these tokens live as long as this script.
const tokens = client.exchangeCode(readLine(), flow)
writeSync(2, `\nSigned in, for ${tokens.scopes?.join(', ')}, until ${new Date(tokens.expiresAt ?? 0).toISOString()}\n`)

const renewed = client.refreshToken(tokens)
writeSync(2, `Renewed until ${new Date(renewed.expiresAt ?? 0).toISOString()}\n`)

function readLine(): string {
  const bytes = new Uint8Array(65_536)
  const length = readSync(0, bytes)
  return new TextDecoder().decode(bytes.subarray(0, length)).trim()
}
