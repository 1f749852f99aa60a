import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOAuthError } from '../../src/errors.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { lockOwnerText, parseLockOwner } from '../../src/stores/lock-owner.node.ts'
import type { Job, ProperLockfile } from './file-store-process.ts'

const script = fileURLToPath(new URL('./file-store-process.ts', import.meta.url))
const lockfile: ProperLockfile = createRequire(import.meta.url)('proper-lockfile')
const piOptions = { stale: 30_000 }

interface Worker {
  readonly child: ChildProcess
  readonly lines: Record<string, unknown>[]
  readonly ended: Promise<number | null>
}

let directory: string
let path: string
let workers: Worker[]

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  path = join(directory, 'auth.json')
  workers = []
})

afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL')
  await Promise.all(workers.map(({ ended }) => ended))
  await rm(directory, { recursive: true, force: true })
})

describe('processes that share a file', () => {
  it('lose no update, with a program beside them that writes as Pi does, and a reader never sees half a file of ours', async () => {
    await writeFile(path, '{}')
    const all = [1, 2, 3, 4].map(() => start({ kind: 'count', path, times: 25 }))
    const other = start({ kind: 'pi', path, times: 25 })
    const store = fileStore({ path })
    let running = true
    const reader = (async () => {
      while (running) {
        await store.get('slot')
        await sleep(1)
      }
    })()
    expect(await Promise.all([...all, other].map(({ ended }) => ended))).toEqual([0, 0, 0, 0, 0])
    running = false
    await reader
    expect((await store.get('slot'))?.tokens.expiresAt).toBe(100)
    expect((await store.get('pi'))?.tokens.expiresAt).toBe(25)
    expect(await readdir(directory)).toEqual(['auth.json'])
  }, 60_000)

  it('go on at once when one that holds the lock is killed', async () => {
    const waits: number[] = []
    for (let round = 0; round < 4; round += 1) {
      const holder = start({ kind: 'hold', path })
      await said(holder, 'held')
      const waiting = fileStore({ path }).lock('slot', async () => performance.now(), { timeout: 10_000 })
      await sleep(50)
      const killed = performance.now()
      holder.child.kill('SIGKILL')
      waits.push((await waiting) - killed)
    }
    expect(Math.max(...waits)).toBeLessThan(500)
    expect(await readdir(directory)).toEqual([])
  }, 60_000)

  it.runIf(process.platform === 'linux')(
    'take a process that nobody buried for dead',
    async () => {
      // The shell becomes a program that never asks how its child ended.
      const holder = start({ kind: 'hold', path }, '"$@" & exec sleep 60')
      await said(holder, 'held')
      process.kill(Number(holder.lines[0]?.['held']), 'SIGKILL')
      expect(await fileStore({ path }).lock('slot', async () => 'free', { timeout: 5_000 })).toBe('free')
    },
    30_000,
  )

  it.runIf(process.platform === 'linux')(
    'do not mistake another process for one that died and had the same id',
    async () => {
      await leaveOwnLock()
      const name = (await readdir(directory)).find((file) => file.endsWith('.0')) ?? 'no claim'
      const owner = parseLockOwner(await readlink(join(directory, name)))
      if (owner === undefined) throw new Error('nobody claimed the lock')
      await rm(join(directory, name))
      await symlink(lockOwnerText({ ...owner, pid: process.pid }), join(directory, name))
      expect(await fileStore({ path }).lock('slot', async () => 'free', { timeout: 5_000 })).toBe('free')
    },
    30_000,
  )

  it('tell who holds the lock', async () => {
    const holder = start({ kind: 'hold', path })
    await said(holder, 'held')
    const error: unknown = await fileStore({ path })
      .lock('slot', async () => 1, { timeout: 50 })
      .catch((reason) => reason)
    expect(isOAuthError(error) && error.code === 'lock_timeout' && error.detail.holder).toContain(
      `process ${holder.child.pid} on`,
    )
  }, 30_000)

  it('are never two at once when many meet a dead lock', async () => {
    const rounds = 12
    const all = Array.from({ length: 8 }, () => start({ kind: 'meet', path, rounds }))
    for (let round = 0; round < rounds; round += 1) {
      await (round % 2 === 0 ? leaveForeignLock() : leaveOwnLock())
      await writeFile(`${path}.round${round}`, '')
      await Promise.all(all.map((worker) => said(worker, 'round', round)))
    }
    await Promise.all(all.map(({ ended }) => ended))
    const meetings = all.flatMap(({ lines }) => lines)
    expect(meetings).toHaveLength(8 * rounds)
    expect(meetings.filter(({ alone }) => alone !== true)).toEqual([])
  }, 60_000)

  it('leave a whole file and lose no acknowledged update when killed at any moment', async () => {
    let written = 0
    for (let kill = 0; kill < 12; kill += 1) {
      const pair = [start({ kind: 'count', path, times: 1_000 }), start({ kind: 'count', path, times: 1_000 })]
      await Promise.all(pair.map((worker) => said(worker, 'written')))
      await sleep(Math.random() * 30)
      for (const { child } of pair) child.kill('SIGKILL')
      await Promise.all(pair.map(({ ended }) => ended))
      const said_ = pair.flatMap(({ lines }) => lines.map((line) => Number(line['written'])))
      const stored = JSON.parse(await readFile(path, 'utf8')).slot.expires
      expect(stored).toBeGreaterThanOrEqual(Math.max(written, ...said_))
      written = stored
    }
    await fileStore({ path }).update('slot', () => undefined)
    expect(await readdir(directory)).toEqual(['auth.json'])
  }, 120_000)
})

describe('a file store and proper-lockfile', () => {
  beforeEach(() => writeFile(path, '{}'))

  it('exclude each other', async () => {
    const store = fileStore({ path })
    const release = await lockfile.lock(path, { ...piOptions, realpath: false })
    await expectLockTimeout(store.lock('slot', async () => 1, { timeout: 100 }))
    await release()
    await store.lock('slot', () => expectLocked(path, false), { timeout: 1_000 })
    await (await lockfile.lock(path, { ...piOptions, realpath: true }))()
  })

  it('exclude each other under both names of a linked file', async () => {
    const link = join(directory, 'link.json')
    await symlink(path, link)
    const store = fileStore({ path: link })
    for (const [file, realpath] of [
      [link, true],
      [link, false],
      [path, false],
    ] as const) {
      const release = await lockfile.lock(file, { ...piOptions, realpath })
      await expectLockTimeout(store.lock('slot', async () => 1, { timeout: 100 }))
      await release()
      await store.lock('slot', () => expectLocked(file, realpath), { timeout: 1_000 })
    }
    expect((await readdir(directory)).sort()).toEqual(['auth.json', 'link.json'])
  })

  it('take over what the other left behind', async () => {
    await leaveForeignLock()
    expect(await fileStore({ path }).lock('slot', async () => 'ours', { timeout: 5_000 })).toBe('ours')
    await leaveOwnLock()
    const long = new Date(Date.now() - 60_000)
    await utimes(`${path}.lock`, long, long)
    await (await lockfile.lock(path, { ...piOptions, realpath: false }))()
    await fileStore({ path }).update('slot', () => ({ tokens: { accessToken: 'at', tokenType: 'Bearer' } }))
  }, 30_000)

  it('respect a lock that the other took after one of us had died', async () => {
    await leaveOwnLock()
    const long = new Date(Date.now() - 60_000)
    await utimes(`${path}.lock`, long, long)
    const release = await lockfile.lock(path, { ...piOptions, realpath: false })
    await expectLockTimeout(fileStore({ path }).lock('slot', async () => 1, { timeout: 300 }))
    await release()
  }, 30_000)
})

/** @param shell How it is started. */
function start(job: Job, shell = 'exec "$@"'): Worker {
  const runtime = 'Deno' in globalThis ? ['run', '-A', '--no-lock', '--node-modules-dir=manual'] : []
  const child = spawn('sh', ['-c', shell, 'sh', process.execPath, ...runtime, script, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  const worker = { child, lines, ended }
  workers.push(worker)
  return worker
}

async function said(worker: Worker, name: string, value?: unknown): Promise<void> {
  const end = performance.now() + 30_000
  while (!worker.lines.some((line) => name in line && (value === undefined || line[name] === value))) {
    if (performance.now() > end || worker.child.exitCode !== null) throw new Error(`a process did not say ${name}`)
    await sleep(5)
  }
}

/** A lock as another program leaves it when it is killed, long ago. */
async function leaveForeignLock(): Promise<void> {
  const long = new Date(Date.now() - 60_000)
  await mkdir(`${path}.lock`)
  await utimes(`${path}.lock`, long, long)
}

/** A lock as one of us leaves it when it is killed, just now. */
async function leaveOwnLock(): Promise<void> {
  const holder = start({ kind: 'hold', path })
  await said(holder, 'held')
  holder.child.kill('SIGKILL')
  await holder.ended
}

async function expectLocked(file: string, realpath: boolean): Promise<void> {
  await expect(lockfile.lock(file, { ...piOptions, realpath })).rejects.toMatchObject({ code: 'ELOCKED' })
}

async function expectLockTimeout(promise: Promise<unknown>): Promise<void> {
  const error: unknown = await promise.then(
    () => 'locked',
    (reason: unknown) => reason,
  )
  expect(isOAuthError(error) ? error.code : error).toBe('lock_timeout')
}
