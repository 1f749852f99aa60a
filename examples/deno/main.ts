// A gateway on your own machine: curl, notebooks and other tools call it and need no token.
// `deno serve -A --host 127.0.0.1 --port 8123 main.ts`, then `curl localhost:8123/me`.

import process from 'node:process'
import { explain } from 'latchkey/explain'
import { createNodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'

const { ISSUER = 'https://id.example.com', CLIENT_ID = 'gateway', API = 'https://api.example.com/me' } = process.env
const api = new URL(API)

const client = createNodeClient({
  provider: oidc({ issuer: ISSUER, scopes: ['openid', 'offline_access'] }),
  clientId: CLIENT_ID,
  apiOrigins: [api.origin],
  allowInsecureLoopback: true, // for a server on this machine; https stays required everywhere else
})

if ((await client.token()) === undefined) await client.signIn()

/** What Deno tells of a caller. */
interface Caller {
  readonly remoteAddr: { readonly hostname: string }
}

const here = ['127.0.0.1', '::1', 'localhost']

export default {
  async fetch(request: Request, caller: Caller): Promise<Response> {
    const { pathname, search, hostname } = new URL(request.url)
    // Neither another machine nor a web page, which may reach this port under a name of its own, is its owner.
    const isOurs = here.includes(caller.remoteAddr.hostname) && here.includes(hostname)
    if (!isOurs || request.headers.has('origin') || request.method !== 'GET') return new Response('', { status: 403 })
    try {
      return await client.fetch(new URL(pathname + search, api))
    } catch (error) {
      return new Response(explain(error)?.todo ?? 'This did not work.', { status: 502 })
    }
  },
}
