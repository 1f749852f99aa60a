import type { Runtime } from './context.ts'

const everywhere = 'test/suites/**/*.test.ts'
const nodeLike = 'test/node/**/*.test.ts'
const dom = 'test/dom/**/*.test.ts'

/** Which tests run where. The folder a test lies in says it. */
export const testFiles: { readonly [Name in Runtime]: readonly string[] } = {
  node: [everywhere, nodeLike, 'test/fences/**/*.test.ts', 'test/package/*.test.ts', 'test/edge/*.test.ts'],
  deno: [everywhere, nodeLike],
  bun: [everywhere, nodeLike],
  workerd: [everywhere, 'test/workerd/**/*.test.ts'],
  'happy-dom': [everywhere, dom],
  chromium: [everywhere, dom],
  firefox: [everywhere, dom],
  webkit: [everywhere, dom],
}
