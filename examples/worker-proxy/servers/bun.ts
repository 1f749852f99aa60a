// bun examples/worker-proxy/servers/bun.ts

import { handle, port } from './handler.ts'

declare const Bun: {
  serve(options: { port: number; hostname: string; fetch: (request: Request) => Promise<Response> }): unknown
}

Bun.serve({ port, hostname: '127.0.0.1', fetch: (request) => handle(request) })
