import { build } from 'esbuild'
import { type Listening, listen } from '../../src/testing/listen.node.ts'

/** The origin of the application: one page at every path, with `app.ts` in it. */
export async function serveApp(settings: object): Promise<Listening<{ fetch: typeof fetch }>> {
  const { outputFiles } = await build({
    entryPoints: [new URL('app.ts', import.meta.url).pathname],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'error',
  })
  const script = outputFiles[0]?.text ?? ''
  return listen({
    fetch: async (input) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      if (pathname === '/app.js') return answer(script, 'text/javascript')
      return answer(page(settings), 'text/html; charset=utf-8')
    },
  })
}

function page(settings: object): string {
  return `<!doctype html><meta charset="utf-8"><title>app</title><link rel="icon" href="data:,">
<button id="popup">Sign in</button>
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<script type="module" src="/app.js"></script>`
}

// `no-store` would keep pages out of the back/forward cache.
function answer(body: string, type: string): Response {
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache' } })
}
