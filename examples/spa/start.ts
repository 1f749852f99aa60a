import { fileURLToPath } from 'node:url'

import { createAuthorizationServer } from 'latchkey/testing'
import { listen } from 'latchkey/testing/node'
import { createServer, type Plugin } from 'vite'

/** The example, and the server that it signs in at, each on an origin of its own. */
export interface Example {
  readonly url: string
  close(): Promise<void>
}

const redirectUris = ['callback', 'popup', 'react', 'vault'].map((page) => `http://127.0.0.1/${page}`)
const users = [
  { sub: 'ada', name: 'Ada Lovelace', email: 'ada@example.com' },
  { sub: 'grace', name: 'Grace Hopper', email: 'grace@example.com' },
]

/** Starts both on loopback. */
export async function startExample(): Promise<Example> {
  const authorization = await listen((origin) =>
    createAuthorizationServer({ issuer: origin, clients: [{ clientId: 'spa', redirectUris }], users }),
  )
  const { issuer, apiUrl } = authorization.server
  const vite = await createServer({
    root: fileURLToPath(new URL('.', import.meta.url)),
    configFile: false,
    logLevel: 'warn',
    define: { ISSUER: JSON.stringify(issuer), API: JSON.stringify(apiUrl) },
    plugins: [thisPackage, otherPages],
    server: { host: '127.0.0.1' },
  })
  await vite.listen()
  return {
    url: vite.resolvedUrls?.local[0] ?? '',
    close: async () => {
      await vite.close()
      await authorization.close()
    },
  }
}

/** Finds this very package by its name, as an installed one would be found. */
const thisPackage: Plugin = {
  name: 'this-package',
  enforce: 'pre',
  resolveId: (id) => (/^latchkey(\/|$)/.test(id) ? fileURLToPath(import.meta.resolve(id)) : undefined),
}

/** Serves the page of the window, and the variants, at addresses without `.html`. */
const otherPages: Plugin = {
  name: 'other-pages',
  configureServer: (server) => {
    server.middlewares.use((request, _response, next) => {
      request.url = request.url?.replace(/^\/(popup|react|vault)(?=\?|$)/, '/$1.html')
      next()
    })
  },
}
