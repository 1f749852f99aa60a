import { createBrowserClient } from 'latchkey/browser'
import { oidc } from 'latchkey/providers/oidc'
import { indexedDBStore } from 'latchkey/stores/indexeddb'

const client = createBrowserClient({
  provider: oidc({ issuer: 'https://id.example.com' }),
  clientId: 'spa',
  redirectUri: `${location.origin}/callback`,
  apiOrigins: ['https://api.example.com'],
  store: indexedDBStore(),
})

await client.handleRedirectCallback() // does nothing on any other page
if ((await client.token()) === undefined) {
  await client.signIn({ appState: { returnTo: location.pathname } }) // the page leaves
} else {
  const inbox = await client.fetch('https://api.example.com/inbox')
  document.body.textContent = await inbox.text()
}
