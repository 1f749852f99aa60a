// A program that signs in, prints how it went, and has nothing else to do. Run by node-client-exit.test.ts.

import { rig } from './node-client-rig.ts'

const { client, server, browse, output } = rig()
const [, , way] = process.argv
const stop = new AbortController()

const openers: Readonly<Record<string, (url: URL) => unknown>> = {
  loopback: browse,
  paste: async (url) => console.log(`paste ${await server.approve(url)}`),
  abort: () => stop.abort(),
  timeout: () => undefined,
}

try {
  await client.signIn({
    input: process.stdin,
    output,
    signal: stop.signal,
    timeout: way === 'timeout' ? 200 : 60_000,
    openBrowser: openers[way ?? ''] ?? false,
  })
  console.log('signed-in')
} catch (error) {
  console.log((error as { code?: string }).code)
}
