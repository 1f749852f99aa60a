// deno run -A examples/worker-proxy/servers/deno.ts

import { handle, port } from './handler.ts'

declare const Deno: {
  serve(options: { port: number; hostname: string }, answer: (request: Request) => Promise<Response>): unknown
}

Deno.serve({ port, hostname: '127.0.0.1' }, (request) => handle(request))
