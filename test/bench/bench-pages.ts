import { build } from 'esbuild'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import type { Page } from 'playwright'
import { chromiumOptions } from '../runtimes/chromium-options.ts'

/** Pages of one origin in one Chromium, each of which runs the same script. */
export interface BenchPages {
  /** The browser's version. */
  readonly version: string
  readonly origin: string
  /** Opens one more, when its script has said `Object.assign(globalThis, { ready: true })`. */
  open(): Promise<Page>
  close(): Promise<void>
}

/** Answers what is asked for below `/api/`. */
export type PagesApi = (request: IncomingMessage, response: ServerResponse) => void

/** `peers` are put into the page by name, as `globalThis.peers`. */
export async function startPages(
  script: string,
  { api = notFound, peers = {} }: { readonly api?: PagesApi; readonly peers?: Readonly<Record<string, string>> } = {},
): Promise<BenchPages> {
  const text = await bundled(script, peers)
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/') === true) return api(request, response)
    const isScript = request.url === '/page.js'
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      // Isolated from other origins, so that the page's clock is a fine one.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    response.end(isScript ? text : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const browser = await chromium.launch(chromiumOptions())
  const context = await browser.newContext()
  return {
    version: browser.version(),
    origin,
    async open() {
      const page = await context.newPage()
      await page.goto(origin)
      await page.waitForFunction('globalThis.ready', undefined, { timeout: 30_000 })
      return page
    },
    async close() {
      await browser.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Runs an expression in a page, for a bounded time. */
export async function evaluate<T>(page: Page, expression: string, seconds = 120): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The page takes too long.')), seconds * 1000)
  })
  try {
    return (await Promise.race([page.evaluate(expression), late])) as T
  } finally {
    clearTimeout(timer)
  }
}

function notFound(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end()
}

async function bundled(script: string, peers: Readonly<Record<string, string>>): Promise<string> {
  // Imported by a text of ours, because the compiler knows no peer: they are installed apart.
  const imports = Object.entries(peers).map(([name, specifier]) => `import * as ${name} from '${specifier}'`)
  const given = `Object.assign(globalThis, { peers: { ${Object.keys(peers).join(', ')} } })`
  const { outputFiles } = await build({
    stdin: {
      contents: [...imports, given, `import './${script}'`].join('\n'),
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    define: { global: 'globalThis' },
  })
  return outputFiles[0]?.text ?? ''
}
