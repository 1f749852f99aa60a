// node examples/worker-proxy/dev.ts

import { startExample } from './start.ts'

const { url, close } = await startExample()
console.log(`Open ${url} and sign in as anybody. Ctrl-C ends it.`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void close())
