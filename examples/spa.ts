import { createClient } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'

const client = createClient({
  provider: oidc({ issuer: 'https://id.example.com' }),
  clientId: 'spa',
  redirectUri: `${location.origin}/callback`,
  apiOrigins: ['https://api.example.com'],
  transactions: {
    put: async (transaction) => sessionStorage.setItem(transaction.state, JSON.stringify(transaction)),
    take: async (state) => {
      const text = sessionStorage.getItem(state)
      sessionStorage.removeItem(state)
      return text === null ? undefined : JSON.parse(text)
    },
  },
})

if (location.pathname === '/callback') {
  const callback = new URL(location.href)
  history.replaceState(undefined, '', '/')
  await client.finish(callback)
  const inbox = await client.fetch('https://api.example.com/inbox')
  document.body.textContent = await inbox.text()
} else {
  const { url } = await client.start()
  location.assign(url)
}
