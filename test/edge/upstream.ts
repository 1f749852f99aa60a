import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it arrived. */
export interface Arrival {
  readonly method: string
  /** As it stood in the request line. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
}

/** An API that remembers who asked for what. */
export interface Upstream {
  readonly origin: string
  readonly arrivals: Arrival[]
  /** How many requests have been given up by the other side before they were answered. */
  readonly givenUp: () => number
  /** Makes the next answer another one. */
  answerNext(answer: (response: ServerResponse) => void): void
  close(): Promise<void>
}

/** A text of upstream's that nobody should see where upstream was not to be asked. */
export const upstreamText = 'upstream-text-7f3a'

export async function startUpstream(): Promise<Upstream> {
  const arrivals: Arrival[] = []
  const next: ((response: ServerResponse) => void)[] = []
  let givenUp = 0
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    arrivals.push({ method, target: url, headers })
    response.on('close', () => {
      if (!response.writableEnded) givenUp++
    })
    const special = next.shift()
    if (special !== undefined) return special(response)
    const { pathname, searchParams } = new URL(url, 'http://upstream')
    const route = routes[pathname] ?? small
    route(request, response, searchParams)
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    arrivals,
    givenUp: () => givenUp,
    answerNext: (answer) => next.push(answer),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

type Route = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => void

const small: Route = (request, response) => {
  request.resume()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ text: upstreamText }))
}

/** Gives back what it gets, as it gets it. */
const echo: Route = (request, response) => {
  response.setHeader('content-type', 'application/octet-stream')
  request.pipe(response)
}

const bytes: Route = (request, response, query) => {
  request.resume()
  const chunk = Buffer.alloc(64 * 1024, 120)
  let left = Number(query.get('n'))
  const more = (): void => {
    while (left > 0) {
      const part = left < chunk.length ? chunk.subarray(0, left) : chunk
      left -= part.length
      if (!response.write(part)) return void response.once('drain', more)
    }
    response.end()
  }
  response.on('close', () => (left = 0))
  more()
}

/** Events, `gap` milliseconds apart; those of a burst at once. */
const events: Route = (request, response, query) => {
  request.resume()
  const count = Number(query.get('n'))
  const gap = Number(query.get('gap') ?? 0)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let sent = 0
  const one = (): boolean => response.write(`id: ${sent}\ndata: ${JSON.stringify({ index: sent++ })}\n\n`)
  const more = (): void => {
    if (response.closed) return
    if (gap > 0 && sent < count) {
      one()
      return void setTimeout(more, gap)
    }
    while (sent < count) if (!one()) return void response.once('drain', more)
    response.end()
  }
  more()
}

/** Never answers. */
const hang: Route = (request) => void request.resume()

const routes: Readonly<Record<string, Route>> = { '/echo': echo, '/bytes': bytes, '/events': events, '/hang': hang }
