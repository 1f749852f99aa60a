import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** An answer, byte for byte. */
export interface RawAnswer {
  /** 0: the connection ended without an answer. */
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface RawRequest {
  readonly port: number
  readonly address?: string
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends a request exactly as it is written, which `fetch` would not. */
export async function rawRequest(request: RawRequest): Promise<RawAnswer> {
  const { port, address = '127.0.0.1', method = 'GET', target = '/callback', headers = {} } = request
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const socket = connect(port, address)
  const answer = await read(socket, `${method} ${target} HTTP/1.1\r\n${fields.join('')}\r\n`)
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
  return { status: Number(head.split(' ')[1] ?? 0), head: head.toLowerCase(), body }
}

function read(socket: Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const done = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setTimeout(8_000, done)
    socket.on('connect', () => socket.write(text))
    socket.on('data', (chunk) => {
      received += chunk.toString('utf8')
    })
    socket.on('error', done).on('close', done)
  })
}

/** Opens a connection that begins a request and never ends it. */
export function slowLoris(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /callback?code=stolen HTTP/1.1\r\nHost: ')
      resolve(socket)
    })
    socket.on('error', () => resolve(socket))
  })
}

/** How long until the port refuses, in milliseconds; `Infinity` when it still listens after `limit`. */
export async function refusedAfter(port: number, limit = 2_000, address = '127.0.0.1'): Promise<number> {
  const begun = performance.now()
  while (performance.now() - begun < limit) {
    if (await refuses(port, address)) return performance.now() - begun
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return Number.POSITIVE_INFINITY
}

function refuses(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address)
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
