// A command-line program of your own, with a sign-in: `node main.ts login`, `node main.ts`, `node main.ts logout`.
// To try it without a server of your own: `node with-server.ts node main.ts`.

import { homedir } from 'node:os'
import { join } from 'node:path'
import { explain } from 'latchkey/explain'
import { createNodeClient, fileStore } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'

const { ISSUER = 'https://id.example.com', CLIENT_ID = 'notes', API = 'https://api.example.com/me' } = process.env

const client = createNodeClient({
  provider: oidc({ issuer: ISSUER, name: 'Notes', scopes: ['openid', 'profile', 'offline_access'] }),
  clientId: CLIENT_ID,
  store: fileStore({ path: process.env['NOTES_AUTH_FILE'] ?? join(homedir(), '.config', 'notes', 'auth.json') }),
  apiOrigins: [new URL(API).origin],
  allowInsecureLoopback: true, // for a server on this machine; https stays required everywhere else
})

const commands: Readonly<Record<string, () => Promise<void>>> = {
  async login() {
    const { account } = await client.signIn()
    console.error(`Welcome, ${account?.name ?? 'whoever you are'}.`)
  },
  async whoami() {
    if ((await client.token()) === undefined) await commands['login']?.()
    const response = await client.fetch(API)
    console.log(await response.json())
  },
  async logout() {
    const { revocation } = await client.signOut()
    console.error(`Signed out; the tokens: ${revocation}.`)
  },
}

const [name = 'whoami'] = process.argv.slice(2)
try {
  if (!Object.hasOwn(commands, name)) throw new Error(`Say one of ${Object.keys(commands).join(', ')}.`)
  await commands[name]?.()
} catch (error) {
  const known = explain(error)
  console.error(known ? `${known.what}\n${known.todo}` : String(error))
  process.exitCode = 1
}
