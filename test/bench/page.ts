import { build } from 'esbuild'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { chromiumOptions } from '../runtimes/chromium-options.ts'
import { atMost } from './part.ts'
import type { BenchPart, BenchRow } from './part.ts'

/** The hot path and the start of a sign-in in a page of Chromium. */
export const page: BenchPart = async ({ short }) => {
  const options = chromiumOptions()
  const server = await servePage()
  const browser = await chromium.launch(options)
  try {
    const tab = await browser.newPage()
    await tab.goto(server.origin)
    await tab.waitForFunction('globalThis.bench !== undefined', undefined, { timeout: 20_000 })
    const [calls, starts] = (await within(tab.evaluate(`bench(${short ? 100 : 400})`))) as [BenchRow[], BenchRow[]]
    return [
      {
        title: `A call with the token at hand, Chromium ${browser.version()}`,
        unit: 'ns',
        reference: 'the floor',
        rows: calls,
        budgets: [atMost(1.3, calls[1], 'the hand-written safe floor, in Chromium')],
      },
      {
        title: `Start of a sign-in, Chromium ${browser.version()}`,
        unit: 'µs',
        reference: 'the floor',
        rows: starts,
        budgets: [atMost(1.15, starts[1], 'raw Web Crypto, in Chromium')],
      },
    ]
  } finally {
    await browser.close()
    server.close()
  }
}

async function within<T>(work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('The page takes too long.')), 60_000).unref()
  })
  return Promise.race([work, late])
}

/** Isolated from other origins, so that the page's clock is a fine one. */
async function servePage(): Promise<{ readonly origin: string; close(): void }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page-races.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.writeHead(200, {
      'content-type': isScript ? 'text/javascript' : 'text/html',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
