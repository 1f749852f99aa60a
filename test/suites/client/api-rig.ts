import type { Rig, RigOptions } from './rig.ts'
import { rig } from './rig.ts'

/** A rig whose API is a function, and what arrived there. */
export interface ApiRig extends Rig {
  readonly arrived: Arrival[]
  /** The API's origin, without a slash at its end. */
  readonly origin: string
}

/** One request as the API got it. */
export interface Arrival {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
}

/** Answers a request; `count` is 1 for the first. */
export type Api = (arrival: Arrival, count: number) => Response | Promise<Response>

/** Makes a rig whose requests to anything but the authorization server go to `api`. */
export function apiRig(api: Api, options: RigOptions = {}): ApiRig {
  const arrived: Arrival[] = []
  const origin = 'https://api.example.com'
  const made = rig({
    ...options,
    client: { apiOrigins: [origin, 'https://other.example.com'], ...options.client },
    between: (server) => async (input, init) => {
      const request = new Request(input, init)
      if (request.url.startsWith('https://as.latchkey.test')) return server(request)
      const { url, method, headers } = request
      const arrival = { url, method, headers, body: await request.text() }
      request.signal.throwIfAborted()
      arrived.push(arrival)
      return heeding(request.signal, async () => api(arrival, arrived.length))
    },
  })
  return { ...made, arrived, origin }
}

/** An answer with a challenge (RFC 6750, section 3). */
export function challenge(text: string | undefined, status = 401): Response {
  return new Response('no', { status, headers: text === undefined ? {} : { 'www-authenticate': text } })
}

/** What `fetch` does: an abort ends the caller's wait with the signal's reason. */
function heeding(signal: AbortSignal, work: () => Promise<Response>): Promise<Response> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
    work().then(resolve, reject)
  })
}
