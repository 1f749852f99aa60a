// node examples/worker-proxy/servers/node.ts

import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { handle, port } from './handler.ts'

createServer((incoming, outgoing) => {
  answer(incoming, outgoing).catch(() => outgoing.destroy())
}).listen(port, '127.0.0.1')

async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController()
  outgoing.once('close', () => gone.abort())
  const response = await handle(requestOf(incoming, gone.signal))
  outgoing.writeHead(response.status, headersOf(response))
  outgoing.flushHeaders()
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing)
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = 'GET', url = '/' } = incoming
  // A target that is no path would choose a host of its own.
  const target = `http://127.0.0.1${url.startsWith('/') ? url : '/'}`
  const headers = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  const bodiless = method === 'GET' || method === 'HEAD'
  const body = bodiless ? {} : { body: Readable.toWeb(incoming) as unknown as BodyInit, duplex: 'half' }
  return new Request(target, { method, headers, signal, ...body })
}

/** Each cookie in a header of its own. */
function headersOf({ headers }: Response): Record<string, string | string[]> {
  return { ...Object.fromEntries(headers), ...(headers.has('set-cookie') && { 'set-cookie': headers.getSetCookie() }) }
}
