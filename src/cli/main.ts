#!/usr/bin/env node
// The program `latchkey`.

import { run } from './run.ts'

const stop = new AbortController()
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
const undo = Object.entries(exitCodes).map(([name, code]) => {
  const listener = (): void => stop.abort(code)
  // Once: a second Ctrl-C ends the process as it stands.
  process.once(name, listener)
  return () => process.off(name, listener)
})
let lost = false
process.stderr.on('error', () => undefined)
process.stdout.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
  // Whoever reads our output may go away early. A disk that is full has lost what was asked for.
  if (code === 'EPIPE') return
  lost = true
  process.exitCode = 1
  process.stderr.write(`latchkey: The output could not be written (${code}).\n`)
})

const code = await run(process.argv.slice(2), {
  env: process.env,
  platform: process.platform,
  // Made when first looked at: most commands never are asked for input.
  get input() {
    return process.stdin
  },
  out: process.stdout,
  err: process.stderr,
  signal: stop.signal,
})
process.exitCode = lost ? 1 : code
for (const step of undo) step()
