import { Writable } from 'node:stream'
import { createNodeClient } from '../../src/node/node-client.ts'
import type { NodeClient, NodeClientOptions } from '../../src/node/node-client.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { Approval, AuthorizationServer, AuthorizationServerOptions } from '../../src/testing/index.ts'

/** A terminal that remembers what it was told. */
export interface Screen extends Writable {
  text: string
}

/** A server, a client of it, and a person with a browser. */
export interface Rig {
  readonly server: AuthorizationServer
  readonly client: NodeClient
  readonly output: Screen
  /** Answers as the person would, and gives what their browser shows. */
  readonly browse: (url: URL, approval?: Approval) => Promise<string>
  /** The addresses that were printed, each alone on its line. */
  readonly printed: () => URL[]
}

/** A page of the server's that shows the answer for copying. */
export const hosted = 'https://as.latchkey.test/show?app=cli'

export function rig(options: Partial<NodeClientOptions> = {}, behaviour: AuthorizationServerOptions = {}): Rig {
  const redirectUris = ['http://127.0.0.1/callback', 'http://localhost/auth/callback', hosted]
  const server = createAuthorizationServer({ clients: [{ clientId: 'cli', redirectUris }], ...behaviour })
  const client = createNodeClient({
    provider: oidc({ issuer: server.issuer }),
    clientId: 'cli',
    store: memoryStore(),
    fetch: server.fetch,
    ...options,
  })
  const output = screen()
  return {
    server,
    client,
    output,
    browse: async (url, approval) => (await fetch(await server.approve(url, approval))).text(),
    printed: () => output.text.split('\n').flatMap((line) => (URL.canParse(line) ? [new URL(line)] : [])),
  }
}

export function screen(): Screen {
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      shown.text += String(chunk)
      done()
    },
  })
  const shown: Screen = Object.assign(output, { text: '' })
  return shown
}
