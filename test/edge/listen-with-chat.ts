import { chatApi } from '../../examples/worker-proxy/chat-api.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { AuthorizationServer, AuthorizationServerOptions } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'

/** The built-in server on a port of its own, with the chat API of the example beside it. */
export function listenWithChat(
  optionsOf: (issuer: string) => AuthorizationServerOptions,
): ReturnType<typeof listen<AuthorizationServer>> {
  return listen((issuer) => {
    const server = createAuthorizationServer(optionsOf(issuer))
    const chat = chatApi(async (authorization) => {
      const seen = await server.fetch(`${server.apiUrl}/echo`, { headers: { authorization } })
      return seen.ok ? undefined : seen
    })
    const fetch: AuthorizationServer['fetch'] = async (...given) => {
      const request = new Request(...given)
      return request.url.endsWith('/v1/chat') ? chat(request) : server.fetch(request)
    }
    return { ...server, fetch }
  })
}
