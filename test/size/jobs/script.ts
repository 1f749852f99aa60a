import { createNodeClient } from 'latchkey/node'
import { oauth2 } from 'latchkey/providers/oauth2'

const server = 'https://id.example.com'

const client = createNodeClient({
  provider: oauth2({
    id: 'example',
    endpoints: { authorization: `${server}/authorize`, token: `${server}/token`, revocation: `${server}/revoke` },
  }),
  clientId: 'cli',
  apiOrigins: ['https://api.example.com'],
})

if ((await client.token()) === undefined) await client.signIn()
const response = await client.fetch('https://api.example.com/me')
console.log(await response.text())
