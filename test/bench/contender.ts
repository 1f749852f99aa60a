// One of several processes at one file, started by contention.ts: `<job as JSON>`.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import process from 'node:process'
import { createClient } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import type { ProperLockfile } from './file-store.ts'
import { loadPeer } from './peers.ts'
import { cachedTokens } from './stub-client.ts'

/** What a process shall do once it is told to begin. */
export type Job =
  | { readonly kind: 'ours' | 'proper-lockfile'; readonly path: string; readonly times: number }
  | { readonly kind: 'token'; readonly path: string; readonly origin: string }

/** What it has seen, by the one clock of the machine. */
export interface Witness {
  /** When each cycle ended. */
  readonly ends: readonly number[]
  /** How long each waited for the lock, in milliseconds. */
  readonly waits: readonly number[]
}

const instant = (): number => performance.timeOrigin + performance.now()

async function cycles(times: number, cycle: (entered: () => void) => Promise<unknown>): Promise<Witness> {
  const [ends, waits]: [number[], number[]] = [[], []]
  for (let time = 0; time < times; time++) {
    const began = performance.now()
    await cycle(() => waits.push(performance.now() - began))
    ends.push(instant())
  }
  return { ends, waits }
}

async function ours(path: string, times: number): Promise<Witness> {
  const store = fileStore({ path })
  return cycles(times, (entered) =>
    store.lock(
      'example',
      (held) => {
        entered()
        return held.update('example', (found) => ({
          tokens: { ...cachedTokens, expiresAt: (found?.tokens.expiresAt ?? 0) + 1 },
        }))
      },
      { timeout: 120_000 },
    ),
  )
}

/** The same by the peer: read, add one, write beside, sync, rename. */
async function properly(path: string, times: number): Promise<Witness> {
  const { default: lockfile } = await loadPeer<{ readonly default: ProperLockfile }>('proper-lockfile')
  const retries = { retries: 100_000, factor: 1, minTimeout: 1, maxTimeout: 10, randomize: true }
  return cycles(times, async (entered) => {
    const release = await lockfile.lock(path, { realpath: false, stale: 30_000, retries })
    entered()
    const auth = JSON.parse(readFileSync(path, 'utf8')) as { readonly example: { readonly expires: number } }
    const text = JSON.stringify({ ...auth, example: { ...auth.example, expires: auth.example.expires + 1 } })
    const beside = openSync(`${path}.beside`, 'w', 0o600)
    writeSync(beside, text)
    fsyncSync(beside)
    closeSync(beside)
    renameSync(`${path}.beside`, path)
    await release()
  })
}

async function token(path: string, origin: string): Promise<Witness> {
  const client = createClient({
    provider: oauth2({ id: 'example', endpoints: { token: `${origin}/token` } }),
    clientId: 'bench',
    store: fileStore({ path }),
    allowInsecureLoopback: true,
  })
  return cycles(1, async (entered) => {
    await client.getAccessToken()
    entered()
  })
}

async function run(job: Job): Promise<Witness> {
  if (job.kind === 'token') return token(job.path, job.origin)
  return job.kind === 'ours' ? ours(job.path, job.times) : properly(job.path, job.times)
}

const argument = process.argv[2]
if (argument?.startsWith('{') === true) {
  process.stdout.write('ready\n')
  process.stdin.once('data', () => {
    void run(JSON.parse(argument) as Job).then((witness) => {
      // To end takes the processor for longer than to be served, from those who still wait.
      setTimeout(() => process.stdout.write(`${JSON.stringify(witness)}\n`, () => process.exit()), 500)
    })
  })
}
