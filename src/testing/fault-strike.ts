import { json } from './answers.ts'
import type { Clock } from '../contracts.ts'
import type { Fault, Moment, Strike } from './faults.ts'

/** Answers a call as the faults will have it. `commit` is the endpoint's own work. */
export async function withFaults(
  { fault = {}, pass }: Strike,
  {
    clock,
    signal,
    commit,
  }: { readonly clock: Clock; readonly signal: AbortSignal; readonly commit: () => Promise<Response> },
): Promise<Response> {
  const { when = 'before-commit' } = fault
  const interrupt = async (moment: Moment): Promise<Response | undefined> => {
    await pass(moment)
    if (moment !== when) return undefined
    await clock.sleep(fault.latency ?? 0, signal)
    if (fault.drop === true) throw new TypeError('The connection was lost.')
    return replacement(fault)
  }
  const early = await interrupt('before-commit')
  if (early !== undefined) return early
  const answer = await commit()
  return (await interrupt('after-commit')) ?? spoiled(answer, fault, clock)
}

function replacement(fault: Fault): Response | undefined {
  const { status, body, redirect } = fault
  if (status === undefined && body === undefined && redirect === undefined) return undefined
  const headers = replacementHeaders(fault)
  if (redirect !== undefined) return new Response(null, { status: status ?? 302, headers })
  const shown = status ?? 200
  if (typeof body !== 'string') return json(body ?? { error: errorFor(shown) }, shown, headers)
  const type = body.startsWith('<') ? 'text/html; charset=utf-8' : 'application/json'
  return new Response(body, {
    status: shown,
    headers: { 'content-type': type, 'cache-control': 'no-store', ...headers },
  })
}

function replacementHeaders({ redirect, retryAfter, headers }: Fault): Record<string, string> {
  const wait = retryAfter instanceof Date ? retryAfter.toUTCString() : retryAfter
  return {
    ...(redirect !== undefined && { location: redirect }),
    ...(wait !== undefined && { 'retry-after': String(wait) }),
    ...headers,
  }
}

function errorFor(status: number): string {
  if (status === 429 || status === 503) return 'temporarily_unavailable'
  return status < 500 ? 'invalid_request' : 'server_error'
}

async function spoiled(answer: Response, { fields, damage }: Fault, clock: Clock): Promise<Response> {
  if (fields === undefined && damage === undefined) return answer
  const text = await answer.text()
  const changed = fields === undefined ? text : JSON.stringify({ ...(JSON.parse(text) as object), ...fields })
  const headers = new Headers(answer.headers)
  if (damage === 'html') headers.set('content-type', 'text/html; charset=utf-8')
  return new Response(damage === undefined ? changed : damages[damage](changed, clock), {
    status: answer.status,
    headers,
  })
}

const damages: Readonly<Record<NonNullable<Fault['damage']>, (text: string, clock: Clock) => BodyInit>> = {
  html: () => '<!doctype html><title>Bad gateway</title><h1>502 Bad gateway</h1>',
  truncated: (text) => text.slice(0, Math.floor(text.length / 2)),
  huge: (text) => streamed((index) => (index < 256 ? ' '.repeat(65_536) : index === 256 ? text : undefined)),
  endless: (text, clock) =>
    streamed(async (index, signal) => {
      if (index > 0) await clock.sleep(50, signal)
      return index === 0 ? text.slice(0, 1) : ' '
    }),
}

type Chunk = string | undefined

function streamed(chunk: (index: number, signal: AbortSignal) => Chunk | Promise<Chunk>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  const canceled = new AbortController()
  let index = 0
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const text = await chunk(index, canceled.signal)
        index += 1
        if (canceled.signal.aborted) return
        if (text === undefined) controller.close()
        else controller.enqueue(encoder.encode(text))
      },
      cancel: () => canceled.abort(),
    },
    { highWaterMark: 0 },
  )
}
