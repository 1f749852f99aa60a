import { createBrowserClient } from 'latchkey/browser'
import { oauth2 } from 'latchkey/providers/oauth2'
import { indexedDBStore } from 'latchkey/stores/indexeddb'

// The endpoints are written down, so that none has to be asked for.
const server = 'https://id.example.com'

const client = createBrowserClient({
  provider: oauth2({
    id: 'example',
    scopes: ['offline_access', 'read'],
    endpoints: { authorization: `${server}/authorize`, token: `${server}/token`, revocation: `${server}/revoke` },
  }),
  clientId: 'spa',
  redirectUri: `${location.origin}/callback`,
  apiOrigins: ['https://api.example.com'],
  store: indexedDBStore(),
})

await client.handleRedirectCallback()
if ((await client.token()) === undefined) {
  await client.signIn({ appState: { returnTo: location.pathname } })
} else {
  const response = await client.fetch('https://api.example.com/me')
  document.querySelector('p')?.append(await response.text())
}
document.querySelector('#sign-out')?.addEventListener('click', () => void client.signOut())
