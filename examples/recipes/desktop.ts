// The main process of Electron, or of any desktop program: pages ask it, and never see a token.

import { PassThrough } from 'node:stream'
import { createNodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'
import { keychainStore } from 'latchkey/stores/keychain'

/** `shell` of Electron. */
interface Shell {
  openExternal(url: string): Promise<void>
}

const client = createNodeClient({
  provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
  clientId: 'desktop', // public, with http://127.0.0.1/callback as its redirect URI, whatever the port
  store: keychainStore({ service: 'example-app' }),
  apiOrigins: ['https://api.example.com'],
})

/** For `ipcMain.handle('sign-in', () => signIn(shell))`. */
export async function signIn(shell: Shell): Promise<string | undefined> {
  const output = new PassThrough().resume() // there is no terminal to print to
  const openBrowser = (url: URL): Promise<void> => shell.openExternal(url.href)
  const { account } = await client.signIn({ via: 'loopback', openBrowser, output })
  return account?.name
}

/** For `ipcMain.handle('inbox', inbox)`. */
export async function inbox(): Promise<unknown> {
  const response = await client.fetch('https://api.example.com/inbox')
  return response.json()
}
