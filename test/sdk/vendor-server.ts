import type { Fetch } from '../../src/contracts.ts'
import type { AuthorizationServer } from '../../src/testing/index.ts'
import { chatCompletion, message, refusals, response } from './vendor-answers.ts'
import type { Answer } from './vendor-answers.ts'

/** One API request as it arrived. */
export interface ApiCall {
  readonly path: string
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
  readonly status: number
}

/** The vendors' APIs, before an authorization server whose tokens they take. */
export interface VendorServer {
  readonly fetch: Fetch
  /** The calls of the vendors' APIs, in order. */
  readonly calls: ApiCall[]
}

const places: Readonly<Record<string, { readonly answer: Answer; readonly refusal: object }>> = {
  '/v1/messages': { answer: message, refusal: refusals.anthropic },
  '/v1/responses': { answer: response, refusal: refusals.openai },
  '/v1/chat/completions': { answer: chatCompletion, refusal: refusals.openai },
  '/backend-api/codex/responses': { answer: response, refusal: refusals.openai },
}

/** Puts the vendors' APIs before `server`. Requests may come to any origin: the path decides. */
export function createVendorServer(server: AuthorizationServer): VendorServer {
  const calls: ApiCall[] = []
  return {
    calls,
    async fetch(input, init) {
      const request = new Request(input, init)
      const { pathname, search } = new URL(request.url)
      const place = places[pathname]
      if (place === undefined) return server.fetch(new Request(new URL(pathname + search, server.issuer), request))
      const body = JSON.parse(await request.text()) as Readonly<Record<string, unknown>>
      const good = await isGood(server, request.headers)
      calls.push({ path: pathname, headers: request.headers, body, status: good ? 200 : 401 })
      if (!good) return Response.json(place.refusal, { status: 401 })
      return body['stream'] === true ? stream(place.answer) : Response.json(place.answer.json)
    },
  }
}

/** Whether the request carries a good token: only the server knows its own. */
export async function isGood(server: AuthorizationServer, headers: Headers): Promise<boolean> {
  const authorization = headers.get('authorization') ?? ''
  return (await server.fetch(`${server.apiUrl}/echo`, { headers: { authorization } })).ok
}

function stream({ events, end = '' }: Answer): Response {
  const encoder = new TextEncoder()
  const lines = events.map(({ event, data }) => {
    const name = event === undefined ? '' : `event: ${event}\n`
    return `${name}data: ${JSON.stringify(data)}\n\n`
  })
  const pieces = [...lines, end].values()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Each piece on its own, as a model speaks.
      await new Promise((resolve) => setTimeout(resolve, 1))
      const { value, done } = pieces.next()
      if (done === true) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
