import { admit } from './access.ts'
import { empty, json } from './answers.ts'
import type { Call, Context } from './context.ts'
import { refuse } from './refusal.ts'

/**
 * The protected API. `/api/echo` tells who asked and how; `/api/stream?count=3&interval=100` sends
 * server-sent events. `?scope=write` on either demands a scope.
 */
export async function apiEndpoint(context: Context, call: Call): Promise<Response> {
  const { url } = call
  const token = await admit(context, call, demandedScope(url))
  const nonce = context.nonces.offer('api')
  const headers: Record<string, string> = nonce === undefined ? {} : { 'dpop-nonce': nonce }
  if (url.pathname.endsWith('/stream')) return stream(context, call, headers)
  if (!url.pathname.endsWith('/echo')) return empty(404)
  return json(
    {
      account: token.family?.user.sub,
      clientId: token.clientId,
      scopes: token.scopes,
      method: call.request.method,
      headers: call.entry.headers,
      bodyLength: call.bodyLength,
    },
    200,
    headers,
  )
}

function demandedScope({ searchParams }: URL): string | undefined {
  const scope = searchParams.get('scope') ?? undefined
  // It goes into a header, within quotes.
  return scope === undefined || /^[\w:./-]+$/.test(scope) ? scope : refuse('invalid_request', 'This is no scope.')
}

function stream({ clock }: Context, { request, url }: Call, headers: Record<string, string>): Response {
  const count = bounded(url.searchParams.get('count'), { otherwise: 3, most: 10_000 })
  const interval = bounded(url.searchParams.get('interval'), { otherwise: 0, most: 10_000 })
  const encoder = new TextEncoder()
  const ended = new AbortController()
  let sent = 0
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        request.signal.addEventListener('abort', () => {
          if (ended.signal.aborted) return
          ended.abort()
          controller.error(request.signal.reason)
        })
      },
      async pull(controller) {
        if (sent > 0) await clock.sleep(interval, ended.signal)
        if (ended.signal.aborted) return
        sent += 1
        if (sent <= count) controller.enqueue(encoder.encode(`id: ${sent}\ndata: {"number":${sent}}\n\n`))
        if (sent >= count) {
          ended.abort()
          controller.close()
        }
      },
      cancel: () => ended.abort(),
    },
    { highWaterMark: 0 },
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', ...headers },
  })
}

function bounded(
  text: string | null,
  { otherwise, most }: { readonly otherwise: number; readonly most: number },
): number {
  const number = Number(text ?? otherwise)
  return Number.isInteger(number) && number >= 0 ? Math.min(number, most) : otherwise
}
