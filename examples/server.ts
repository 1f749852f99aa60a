// A server to try the others against, with everybody's consent: `node server.ts`. Not for real people.

import { createAuthorizationServer } from 'latchkey/testing'
import { listen } from 'latchkey/testing/node'

const clients = [
  { clientId: 'cli', redirectUris: ['http://127.0.0.1/callback'] }, // on any port
  { clientId: 'spa', redirectUris: ['http://localhost:5173/callback'] },
  {
    clientId: 'app',
    authMethod: 'client_secret_basic',
    clientSecret: 'secret',
    redirectUris: ['http://localhost:8787/auth/callback'],
  },
] as const

const { server } = await listen((origin) => createAuthorizationServer({ issuer: origin, clients, autoApprove: true }), {
  port: 9000,
})
console.log(`issuer ${server.issuer}, an API at ${server.apiUrl}/echo`)
