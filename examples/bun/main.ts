// A nightly job whose tokens rest encrypted: `TOKEN_KEY=$(openssl rand -base64 32) bun main.ts`.
// Keep the key where the job's other secrets are; whoever steals the file alone has nothing.

import process from 'node:process'
import { isOAuthError } from 'latchkey'
import { authFilePath, createNodeClient, fileStore } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'
import { encryptedStore } from 'latchkey/stores/encrypted'

const { ISSUER = 'https://id.example.com', CLIENT_ID = 'nightly', API = 'https://api.example.com/me' } = process.env
const { TOKEN_KEY: key } = process.env
if (key === undefined) throw new Error('Set TOKEN_KEY, for example to the output of `openssl rand -base64 32`.')

const client = createNodeClient({
  provider: oidc({ issuer: ISSUER, scopes: ['openid', 'offline_access'] }),
  clientId: CLIENT_ID,
  store: encryptedStore(fileStore({ path: authFilePath() }), { key }),
  apiOrigins: [new URL(API).origin],
  allowInsecureLoopback: true, // for a server on this machine; https stays required everywhere else
})

try {
  const response = await client.fetch(API)
  console.log(await response.json())
} catch (error) {
  // Nobody is there at night: say it, and let the next run by hand sign in.
  if (!isOAuthError(error) || error.code !== 'sign_in_required') throw error
  if (!process.stdin.isTTY && process.env['BROWSER'] === undefined) throw error
  await client.signIn()
  console.log(await (await client.fetch(API)).json())
}
