import { build } from 'esbuild'
import { type Listening, listen } from '../../src/testing/listen.node.ts'

/** The application: its page, the same with React, its worker, and a script before all others that spies on them. */
const scripts = ['app', 'react', 'vault', 'spy']

/** What the page is told. */
export interface PageSettings {
  readonly issuer: string
  readonly clientId: string
  readonly api: string
  readonly vault?: 'shared' | 'dedicated' | 'service' | undefined
  /** Which script the page has. @default 'app' */
  readonly script?: 'app' | 'react' | undefined
}

/** The origin of the application: one page at every path. `onReport` hears what it reports. */
export async function serveApp(
  settings: PageSettings,
  onReport: (report: unknown) => void = () => undefined,
): Promise<Listening<{ fetch: typeof fetch }>> {
  const texts = await (built ??= buildScripts())
  return listen({
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const { pathname } = new URL(request.url)
      if (pathname === '/report') {
        onReport({ ...(await request.json()), referrer: request.headers.get('referer') ?? '' })
        return new Response(undefined, { status: 204 })
      }
      const script = texts.get(pathname)
      if (script !== undefined) return answer(script, 'text/javascript')
      if (pathname.endsWith('.js')) return new Response(undefined, { status: 404 })
      return answer(page(settings), 'text/html; charset=utf-8')
    },
  })
}

let built: Promise<ReadonlyMap<string, string>> | undefined

async function buildScripts(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: scripts.map((name) => new URL(`${name}.ts`, import.meta.url).pathname),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    // This package says of itself that importing it does nothing; its test pages do something.
    ignoreAnnotations: true,
    // React is strict while it is developed with only.
    define: { 'process.env.NODE_ENV': '"development"' },
    outdir: '/',
    write: false,
    logLevel: 'error',
  })
  return new Map(outputFiles.map(({ path, text }) => [path, text]))
}

function page(settings: PageSettings): string {
  return `<!doctype html><meta charset="utf-8"><title>app</title><link rel="icon" href="data:,">
<script src="/spy.js"></script>
<button id="popup">Sign in</button>
<script type="application/json" id="settings">${JSON.stringify(settings)}</script>
<script type="module" src="/${settings.script ?? 'app'}.js"></script>`
}

// `no-store` would keep pages out of the back/forward cache.
function answer(body: string, type: string): Response {
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache' } })
}
