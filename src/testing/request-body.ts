import { refuse } from './refusal.ts'

/** Counts a body, and gives its text unless only the count is wanted. */
export interface BodyLimits {
  /** Bytes; more is refused with 413. */
  readonly limit: number
}

/** Reads a body whole. Stops at the limit, so that nobody can fill the memory. */
export async function readBody(request: Request, { limit }: BodyLimits): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(request.headers.get('content-length') ?? 0) > limit) tooLarge(limit)
  // Firefox has no `Request.body`.
  if (!request.body) return within(new Uint8Array(await request.arrayBuffer()), limit)
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = request.body.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.byteLength
    if (length > limit) {
      reader.cancel().catch(() => {})
      tooLarge(limit)
    }
    chunks.push(next.value)
  }
  return joined(chunks, length)
}

/** Reads a form (RFC 6749, appendix B). A field given twice is refused (section 3.2). */
export async function readForm(request: Request, limits: BodyLimits): Promise<URLSearchParams> {
  const bytes = await readBody(request, limits)
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') {
    refuse('invalid_request', 'The body must be application/x-www-form-urlencoded.')
  }
  return new URLSearchParams(new TextDecoder().decode(bytes))
}

/** Refuses parameters that are given more than once (RFC 6749, section 3.1); `resource` may be (RFC 8707). */
export function refuseRepeated(params: URLSearchParams): void {
  const names = [...params.keys()].filter((name) => name !== 'resource' && name !== 'audience')
  if (new Set(names).size < names.length) refuse('invalid_request', 'A parameter is given more than once.')
}

function tooLarge(limit: number): never {
  return refuse('invalid_request', `The body is larger than ${limit} bytes.`, { status: 413 })
}

function within(bytes: Uint8Array<ArrayBuffer>, limit: number): Uint8Array<ArrayBuffer> {
  return bytes.byteLength > limit ? tooLarge(limit) : bytes
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}
