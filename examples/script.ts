import { createNodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'

const client = createNodeClient({
  provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
  clientId: 'cli',
  apiOrigins: ['https://api.example.com'],
})

// Tokens rest in a file that other processes may use at the same time. Nobody there yet? Ask.
if ((await client.token()) === undefined) await client.signIn()

const response = await client.fetch('https://api.example.com/me')
console.log(await response.json())
