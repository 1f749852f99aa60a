// Another program of the same person: it finds the tokens in the shared file and goes on with them.

import { createNodeClient, fileStore } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'

const { DEMO_AUTH_FILE = '', DEMO_ISSUER = '', DEMO_API = '' } = process.env

const client = createNodeClient({
  provider: oidc({ issuer: DEMO_ISSUER, id: 'demo' }),
  clientId: 'app',
  store: fileStore({ path: DEMO_AUTH_FILE }),
  apiOrigins: [new URL(DEMO_API).origin],
  allowInsecureLoopback: true,
})

await client.getToken({ forceRefresh: true })
const response = await client.fetch(`${DEMO_API}/echo`)
const { account } = (await response.json()) as { account: string }
console.log(JSON.stringify({ pid: process.pid, account }))
