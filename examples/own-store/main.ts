// Tokens in a database of your own: `node main.ts`, or, without a server,
// `node ../node-cli/with-server.ts node main.ts`.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'
import { sqliteStore } from './sqlite-store.ts'

const { ISSUER = 'https://id.example.com', CLIENT_ID = 'app', API = 'https://api.example.com/me' } = process.env
const path = process.env['DATABASE'] ?? join(tmpdir(), `tokens-${process.pid}.db`)

const client = createNodeClient({
  provider: oidc({ issuer: ISSUER, scopes: ['openid', 'offline_access'] }),
  clientId: CLIENT_ID,
  store: sqliteStore(path),
  apiOrigins: [new URL(API).origin],
  allowInsecureLoopback: true, // for a server on this machine; https stays required everywhere else
})

if ((await client.token()) === undefined) await client.signIn()
const tokens = await Promise.all(Array.from({ length: 10 }, () => client.getAccessToken({ forceRefresh: true })))
console.log(`${new Set(tokens).size} token for ${tokens.length} callers, in ${path}`)
console.log(await (await client.fetch(API)).json())
