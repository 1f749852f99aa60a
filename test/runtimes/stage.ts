import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RecordedRequest } from './context.ts'
import { type Errand, runErrand } from './headless-user.ts'
import { listen } from './listen.ts'

/** The small server beside the authorization server: a headless user, and pages that tell what reached them. */
export interface Stage {
  readonly url: string
  close(): Promise<void>
}

export async function startStage(): Promise<Stage> {
  const { server, port, close } = await listen()
  const answer = stageHand()
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })
  return { url: `http://127.0.0.1:${port}`, close }
}

const longestBody = 1_000_000

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>

function stageHand(): Answer {
  const record = recorder()
  return async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stage')
    const [, act = '', id = ''] = pathname.split('/')
    const body = await readBody(request)
    openToAll(request, response)

    if (act === 'recorder') return json(response, record(request, body))
    if (request.method === 'OPTIONS') return void response.writeHead(204).end()
    switch (act) {
      case 'drive':
      case 'drive-device':
        return json(response, await runErrand(JSON.parse(body) as Errand))
      case 'redirect':
        return void response.writeHead(Number(id), { location: searchParams.get('to') ?? '/' }).end()
      case 'echo':
        return json(response, { method: request.method, url: request.url, headers: request.headers, body })
      default:
        return void response.writeHead(404).end()
    }
  }
}

function recorder(): (request: IncomingMessage, body: string) => unknown {
  const recordings = new Map<string, RecordedRequest[]>()
  return (request, body) => {
    const [, , id = '', rest] = (request.url ?? '').split(/[/?]/)
    const recording = recordings.get(id) ?? []
    if (rest === 'log') return recording
    recordings.set(id, [...recording, describe(request, body)])
    return { ok: true }
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk
    if (body.length > longestBody) throw new Error('The body is too long.')
  }
  return body
}

function describe(request: IncomingMessage, body: string): RecordedRequest {
  const scheme = request.headers.authorization?.split(' ')[0]
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: Object.keys(request.headers),
    ...(scheme !== undefined && { scheme }),
    bodyLength: Buffer.byteLength(body),
  }
}

// `*` would not cover the Authorization header (Fetch, CORS protocol), so what is asked for is allowed by name.
function openToAll(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-expose-headers', '*')
  response.setHeader('access-control-allow-methods', request.headers['access-control-request-method'] ?? '*')
  response.setHeader('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(value))
}
