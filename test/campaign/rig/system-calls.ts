import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Got } from './client-commands.ts'
import { type Lab, opened, type RuntimeName, type Server } from './lab.ts'
import { type Remote, type Result, within } from './start-process.ts'

/** The calls of a refresh, on the file and its lock and on the network. */
const calls = [
  'openat',
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'rename',
  'renameat',
  'renameat2',
  'mkdir',
  'mkdirat',
  'rmdir',
  'unlink',
  'unlinkat',
  'symlink',
  'symlinkat',
  'utimensat',
  'connect',
  'sendto',
  'writev',
] as const

/** The n-th call of its kind that one thread makes after the refresh began. */
export interface Point {
  readonly call: string
  readonly when: number
  /** It concerned the file, its lock or their folder. */
  readonly onFile: boolean
}

/** What happens there: `signal=SIGKILL`, `error=EIO`. */
export interface Blow extends Point {
  readonly what: string
}

export interface Hit {
  /** The process did not live to tell. */
  readonly died: boolean
  readonly unhandled: boolean
  readonly result: Result<Got> | undefined
  /** The calls that were tampered with, as the tracer wrote them. */
  readonly injected: readonly string[]
}

interface Target {
  readonly runtime: RuntimeName
  readonly path: string
  readonly server: Server
  readonly blow?: Blow
}

/** Finds the calls that one undisturbed refresh makes. */
export async function everyPoint(lab: Lab, runtime: RuntimeName): Promise<Point[]> {
  const path = join(await lab.folder(), 'auth.json')
  const server = await lab.server({ rotation: 'grace' })
  await lab.signIn(path, server)
  const { log } = await traced(lab, { runtime, path, server })
  const counts = new Map<string, Map<string, boolean[]>>()
  for (const line of log) {
    const [, thread = '', call = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    if (call === '') continue
    const threads = counts.get(call) ?? new Map<string, boolean[]>()
    threads.set(thread, [...(threads.get(thread) ?? []), line.includes(dirname(path))])
    counts.set(call, threads)
  }
  await server.remote.end()
  // The tracer counts for each thread by itself.
  return [...counts].flatMap(([call, threads]) =>
    Array.from({ length: Math.max(...[...threads.values()].map(({ length }) => length)) }, (_, index) => ({
      call,
      when: index + 1,
      onFile: [...threads.values()].some((onFile) => onFile[index] === true),
    })),
  )
}

/** Lets a worker refresh once, and strikes at one of its calls. */
export async function struckBy(lab: Lab, target: Target & { readonly blow: Blow }): Promise<Hit> {
  const { log, remote, result } = await traced(lab, target)
  return {
    died: result === undefined,
    unhandled: remote.lines.some((line) => 'unhandled' in line),
    result,
    injected: log.filter((line) => line.includes('(INJECTED)') || line.includes('(DELAYED)')),
  }
}

interface Trace {
  readonly remote: Remote
  readonly log: readonly string[]
  readonly result: Result<Got> | undefined
}

async function traced(lab: Lab, { runtime, path, server, blow }: Target): Promise<Trace> {
  const remote = await lab.worker({ runtime, env: { UV_THREADPOOL_SIZE: '1', GOMAXPROCS: '1' } })
  await opened(remote, {
    origin: server.origin,
    path,
    rotation: 'grace',
    worker: 'struck',
    timeout: 20_000,
    lockTimeout: 20_000,
  })
  // What is loaded, compiled or looked up at the first use shall not count.
  await remote.call('get', path)
  const logPath = join(await lab.folder(), 'trace')
  const tracer = await attach(remote.pid, logPath, blow)
  let result: Result<Got> | undefined
  try {
    result = await within(remote.ask<Got>('token', { force: true }), 30_000, 'a traced refresh')
  } catch {
    result = undefined
  }
  await tracer.detach()
  await remote.end()
  const log = (await readFile(logPath, 'utf8')).split('\n')
  return { remote, log, result }
}

async function attach(pid: number, logPath: string, blow: Blow | undefined): Promise<{ detach(): Promise<void> }> {
  const inject = blow === undefined ? [] : ['-e', `inject=${blow.call}:${blow.what}:when=${blow.when}`]
  const words = ['-f', '-y', '-s', '0', '-p', String(pid), '-e', `trace=${calls.join(',')}`, ...inject, '-o', logPath]
  const child = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
  const until = performance.now() + 20_000
  while (!said.includes('attached')) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`strace did not attach: ${said}`)
    await sleep(5)
  }
  // The threads come one after the other.
  await sleep(30)
  return {
    async detach() {
      child.kill('SIGINT')
      const stuck = sleep(5_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))
      await Promise.race([ended, stuck])
      await ended
    },
  }
}
