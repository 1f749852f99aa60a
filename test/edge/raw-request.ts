import { connect } from 'node:net'

/** What came back over a socket. */
export interface RawAnswer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** Sends a request whose target stands in the request line exactly as it is given, byte for byte. */
export function rawRequest(
  url: URL,
  { method, target, headers = {} }: { method: string; target: string; headers?: Readonly<Record<string, string>> },
): Promise<RawAnswer> {
  const lines = Object.entries({ host: url.host, connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname)
    const parts: Buffer[] = []
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(target)}`)))
    socket.on('data', (part) => {
      parts.push(part)
      // workerd takes its time to hang up.
      if (isWhole(Buffer.concat(parts).toString('latin1'), method)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(parsed(Buffer.concat(parts).toString('latin1'))))
    socket.write(Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
  })
}

function parsed(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = new Map(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = rest.join('\r\n\r\n')
  return {
    status: Number(first.split(' ')[1] ?? 0),
    headers,
    body: headers.has('transfer-encoding') ? dechunked(body) : body,
  }
}

function isWhole(text: string, method: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return false
  if (method === 'HEAD') return true
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1]
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= end + 4 + Number(length)
}

function dechunked(text: string): string {
  let rest = text
  let body = ''
  for (let size = Number.parseInt(rest, 16); size > 0; size = Number.parseInt(rest, 16)) {
    const start = rest.indexOf('\r\n') + 2
    body += rest.slice(start, start + size)
    rest = rest.slice(start + size + 2)
  }
  return body
}
