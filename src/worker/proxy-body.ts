import type { ReadRequest } from './read-request.ts'

/** A body of at most so many bytes is read first, so that it can be sent again after a 401. */
const repeatable = 64 * 1024

/**
 * The body of a request, for another: a small one of known length as bytes, any other as the stream
 * that it is.
 */
export function proxyBody(
  { request, method, headers }: ReadRequest,
  signal: AbortSignal,
): RequestInit | Promise<RequestInit> {
  if (method === 'GET' || method === 'HEAD') return bodiless
  const { body } = request
  if (body === null) return bodiless
  const length = headers.get('content-length') ?? ''
  if (/^\d{1,5}$/.test(length) && Number(length) <= repeatable) return bytesOf(request, signal)
  // Without it, Node takes no stream.
  return { body, duplex: 'half' } as RequestInit
}

const bodiless: RequestInit = {}

async function bytesOf(request: Request, signal: AbortSignal): Promise<RequestInit> {
  return { body: await untilAborted(request.arrayBuffer(), signal) }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
