// A program of somebody who installed the package: imports what it is told to, and does the main job.

import { job } from './job.js'

for (const entry of process.argv.slice(2)) {
  const names = Object.keys(await import(entry))
  if (names.length === 0) throw new Error(`${entry} exports nothing.`)
}
const done = await job()
if (done !== 'signed in, refreshed once, signed out') throw new Error(done)
