// The whole life of a sign-in, offline: `npm start`. With `--provider` the sign-in is a real one.

import { offlineJob } from './offline-job.ts'
import { realSignIn } from './real-sign-in.ts'

const real = process.argv.includes('--provider')
try {
  await (real ? realSignIn(process.argv.slice(2)) : offlineJob())
} catch (error) {
  console.error(`\n✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
