// npm run dev

import { startExample as startPage } from './spa/start.ts'
import { startExample as startWorker } from './worker-proxy/start.ts'

const page = await startPage()
const worker = await startWorker()
console.log(`A page that keeps its own tokens:      ${page.url}`)
console.log(`A Worker that keeps them from the page: ${worker.url}`)
console.log('Sign in as anybody. Ctrl-C ends both.')
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void Promise.all([page.close(), worker.close()]))
}
