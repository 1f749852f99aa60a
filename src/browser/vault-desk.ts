import type { Fetch } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { whenFree } from './vault-life.ts'
import { takeApart } from './vault-message.ts'
import type { VaultAnswer, VaultBoard, VaultedRequest, VaultedResponse, VaultRequest } from './vault-message.ts'

/** One question that is being answered. */
export interface VaultVisit {
  /** Aborts when the page no longer waits, or is gone. */
  readonly signal: AbortSignal
  /** Gives the parts of `body` one by one, as the page asks for them. */
  serve(body: ReadableStream<Uint8Array<ArrayBuffer>>): void
}

/** Where an answer goes. */
export interface VaultCaller {
  readonly port: MessagePort
  /** The name of a lock that the page holds for as long as it waits. */
  readonly lock?: string | undefined
  /** The name of a lock that the vault holds for as long as it lives. */
  readonly life: string | undefined
}

/** Answers one question, and lasts until all of the answer was given. Never throws. */
export async function answer(
  { port, lock, life }: VaultCaller,
  board: () => VaultBoard,
  work: (visit: VaultVisit) => Promise<unknown>,
): Promise<void> {
  const stop = new AbortController()
  let body: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined
  const say = (answer: VaultAnswer): void => port.postMessage(answer)
  let over: () => void = () => undefined
  const given = new Promise<void>((resolve) => (over = resolve))
  const close = (): void => {
    stop.abort()
    void body?.cancel().catch(() => undefined)
    port.close()
    over()
  }
  port.onmessage = ({ data }: MessageEvent<VaultRequest>) => {
    if (data.type === 'abort') return close()
    if (body !== undefined) void part(body, say).then((more) => more || close())
  }
  if (lock !== undefined) whenFree(lock, close)
  say({ type: 'heard', life })
  try {
    const serve = (stream: ReadableStream<Uint8Array<ArrayBuffer>>): void => void (body = stream.getReader())
    const value = await work({ signal: stop.signal, serve })
    if (stop.signal.aborted) return close()
    say({ type: 'done', value, board: board() })
  } catch (error) {
    if (!stop.signal.aborted) say({ type: 'failed', failure: takeApart(error) })
  }
  // What was not asked for by then is in the answer already.
  if (body === undefined) port.close()
  else await given
}

/** Gives one part. Says whether there may be more. */
async function part(
  body: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
  say: (answer: VaultAnswer) => void,
): Promise<boolean> {
  try {
    const { value } = await body.read()
    // A copy: of a view, what lies around it would be sent too.
    say({ type: 'part', bytes: value && new Uint8Array(value) })
    return value !== undefined
  } catch {
    say({ type: 'failed', failure: takeApart(new OAuthError('network', { endpoint: 'api', sent: 'maybe' })) })
    return false
  }
}

/** Makes a page's request with the token, and describes the answer. */
export async function fetchFor(fetch: Fetch, request: VaultedRequest, visit: VaultVisit): Promise<VaultedResponse> {
  const { url, method, headers, body, init } = request
  const response = await fetch(url, {
    ...init,
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    ...(body !== undefined && { body }),
    signal: visit.signal,
  })
  // Another realm can be told of a redirect, but not be given it.
  if (response.type === 'opaqueredirect') throw new OAuthError('unexpected_redirect', { endpoint: 'api' })
  if (response.body !== null) visit.serve(response.body)
  return {
    url: response.url,
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    redirected: response.redirected,
    hasBody: response.body !== null,
  }
}
