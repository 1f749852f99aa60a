import { createBrowserClient } from 'latchkey/browser'
import { oidc } from 'latchkey/providers/oidc'
import { indexedDBStore } from 'latchkey/stores/indexeddb'

const client = createBrowserClient({
  provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
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
