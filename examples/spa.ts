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

// Does nothing on any other page; and the redirect URI is no page to stay at.
if (await client.handleRedirectCallback()) history.replaceState(undefined, '', '/')
if ((await client.token()) === undefined) {
  await client.signIn() // the page leaves
} else {
  const inbox = await client.fetch('https://api.example.com/inbox')
  document.body.textContent = await inbox.text()
}
