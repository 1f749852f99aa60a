import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

export const agent = new Agent({ keepAlive: true })

/** What a request brings along. */
export interface HttpCall {
  readonly cookie?: string
  readonly body?: Readable
}

/** Asks with Node's own client: its fetch would be measured as well. */
export function open(url: URL, sent: HttpCall = {}): Promise<IncomingMessage> {
  const { cookie, body } = sent
  return new Promise((resolve, reject) => {
    const headers = { 'latchkey-csrf': '1', ...(cookie !== undefined && { cookie }) }
    const asked = request(url, { agent, headers, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      if (response.statusCode === 200) return resolve(response)
      response.resume()
      reject(new Error(`${url.pathname} answers with ${response.statusCode}.`))
    })
    asked.on('error', (error) => {
      // workerd hangs up on connections that have been quiet, at times just when one is used again.
      if (asked.reusedSocket && body === undefined) resolve(open(url, sent))
      else reject(error)
    })
    if (body === undefined) asked.end()
    else body.pipe(asked)
  })
}

/** Reads an answer to its end, and says how long it was, in bytes. */
export function drain(response: IncomingMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    let size = 0
    response.on('data', (chunk: Buffer) => (size += chunk.length))
    response.on('end', () => resolve(size)).on('error', reject)
  })
}

export async function call(url: URL, sent?: HttpCall): Promise<number> {
  return drain(await open(url, sent))
}
