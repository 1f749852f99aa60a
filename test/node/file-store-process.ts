// One of several processes at work on one file. Started by the tests beside it: `<job as JSON>`.

import { access, open, readFile, unlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RecordChange } from '../../src/contracts.ts'
import { isOAuthError } from '../../src/errors.ts'
import { fileStore } from '../../src/stores/file.node.ts'

/** What a process shall do. */
export type Job =
  /** Adds one, `times` times, and says each time what it has written. */
  | { readonly kind: 'count'; readonly path: string; readonly times: number }
  /** Adds one to its own entry as Pi does: under `proper-lockfile`, in place. */
  | { readonly kind: 'pi'; readonly path: string; readonly times: number }
  /** Takes the lock, says so, and keeps it. */
  | { readonly kind: 'hold'; readonly path: string }
  /** Reads, writes and locks, and says what came of each. */
  | { readonly kind: 'try'; readonly path: string }
  /** Waits for each of `rounds` files `<path>.round<n>`, then takes the lock once and says whether it was alone. */
  | { readonly kind: 'meet'; readonly path: string; readonly rounds: number }

/** The part of `proper-lockfile` that is used here. */
export interface ProperLockfile {
  lock(
    file: string,
    options: { readonly realpath: boolean; readonly stale: number; readonly retries?: object },
  ): Promise<() => Promise<void>>
}

const wait = { timeout: 60_000 }

const increment: RecordChange = (current) => ({
  ...current,
  tokens: { accessToken: 'x'.repeat(2_000), tokenType: 'Bearer', expiresAt: (current?.tokens.expiresAt ?? 0) + 1 },
})

async function count(path: string, times: number): Promise<void> {
  const store = fileStore({ path, lockTimeout: 60_000 })
  for (let time = 0; time < times; time += 1) {
    const written =
      time % 2 === 0
        ? await store.update('slot', increment)
        : await store.lock('slot', (held) => held.update('slot', increment), wait)
    say({ written: written?.tokens.expiresAt })
  }
}

async function pi(path: string, times: number): Promise<void> {
  const lockfile: ProperLockfile = createRequire(import.meta.url)('proper-lockfile')
  const retries = { retries: 1_000, minTimeout: 5, maxTimeout: 30, randomize: true }
  for (let time = 0; time < times; time += 1) {
    const release = await lockfile.lock(path, { realpath: false, stale: 30_000, retries })
    const auth = JSON.parse(await readFile(path, 'utf8'))
    auth.pi = { type: 'oauth', refresh: 'r', access: 'a', expires: (auth.pi?.expires ?? 0) + 1 }
    await writeFile(path, JSON.stringify(auth, undefined, 2))
    await release()
  }
}

async function hold(path: string): Promise<void> {
  const task = async (): Promise<void> => {
    say({ held: process.pid })
    await sleep(600_000)
  }
  await fileStore({ path }).lock('slot', task, wait)
}

async function meet(path: string, rounds: number): Promise<void> {
  const store = fileStore({ path })
  const alone = async (): Promise<boolean> => {
    try {
      await (await open(`${path}.probe`, 'wx')).close()
    } catch {
      return false
    }
    await sleep(2 + Math.random() * 4)
    await unlink(`${path}.probe`)
    return true
  }
  for (let round = 0; round < rounds; round += 1) {
    while (!(await exists(`${path}.round${round}`))) await sleep(2)
    say({ round, alone: await store.lock('slot', alone, wait) })
  }
}

async function attempt(path: string): Promise<void> {
  const store = fileStore({ path, lockTimeout: 2_000 })
  const outcome = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'done',
      (error: unknown) => (isOAuthError(error) ? error.code : `untyped: ${String(error)}`),
    )
  const get = await outcome(store.get('slot'))
  const update = await outcome(store.update('slot', increment))
  const lock = await outcome(store.lock('slot', (held) => held.update('slot', increment), wait))
  say({ get, update, lock })
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function run(job: Job): Promise<void> {
  if (job.kind === 'count') return count(job.path, job.times)
  if (job.kind === 'pi') return pi(job.path, job.times)
  if (job.kind === 'hold') return hold(job.path)
  if (job.kind === 'try') return attempt(job.path)
  return meet(job.path, job.rounds)
}

const argument = process.argv[2]
if (argument?.startsWith('{') === true) await run(JSON.parse(argument) as Job)
