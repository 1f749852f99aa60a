import { type ChildProcess, spawn } from 'node:child_process'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a process said unasked: `{ ready }`, `{ event, … }`, `{ held }`, `{ unhandled }`. */
export type Line = Readonly<Record<string, unknown>>

/** A command that failed in the process it was given to. */
export interface RemoteFailure {
  readonly code: string
  readonly text: string
}

/** What a command led to. */
export type Result<T> = { readonly value: T } | RemoteFailure

/** A process of the campaign. */
export interface Remote {
  readonly pid: number
  /** Lines that answer no command. */
  readonly lines: Line[]
  /** All that came out of it, standard error too. */
  output(): string
  ready(): Promise<void>
  /** Asks, and gives the value; rejects when the command fails or the process ends. */
  call<T>(command: string, argument?: unknown, timeout?: number): Promise<T>
  /** Asks, and gives what came of it; rejects only when the process ends. */
  ask<T>(command: string, argument?: unknown, timeout?: number): Promise<Result<T>>
  /** Waits until it has said a line with this field. */
  said(field: string, value?: unknown, timeout?: number): Promise<Line>
  alive(): boolean
  signal(name: NodeJS.Signals): void
  /** Ends it, and waits until it has. */
  end(): Promise<void>
}

export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
}

const running = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a process that `serveCommands`. It ends with this one at the latest. */
export function startProcess(argv: readonly string[], options: ProcessOptions = {}): Remote {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  })
  running.add(child)
  const lines: Line[] = []
  const pending = new Map<number, (reply: Reply) => void>()
  let output = ''
  let next = 0
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = parse(line)
    const settle = typeof said['id'] === 'number' ? pending.get(said['id']) : undefined
    if (settle === undefined) lines.push(said)
    else settle(said as Reply)
  })
  const ended = new Promise<void>((resolve) => {
    const over = (): void => {
      running.delete(child)
      for (const settle of pending.values()) settle(gone)
      resolve()
    }
    child.once('close', over)
    child.once('error', over)
  })
  const alive = (): boolean => child.exitCode === null && child.signalCode === null

  const ask = async <T>(command: string, argument?: unknown, timeout = 180_000): Promise<Result<T>> => {
    const id = (next += 1)
    const answer = new Promise<Reply>((resolve) => {
      pending.set(id, resolve)
      if (!alive()) resolve(gone)
      child.stdin.write(`${JSON.stringify({ id, command, argument })}\n`)
    })
    const reply = await within(answer, timeout, command)
    pending.delete(id)
    if (reply.gone === true) throw new Error(`a process ended during ${command}: ${output.slice(-500)}`)
    return reply.code === undefined
      ? { value: reply.value as T }
      : { code: reply.code, text: `${command}: ${reply.text ?? ''}` }
  }

  async function said(field: string, value?: unknown, timeout = 60_000): Promise<Line> {
    const until = performance.now() + timeout
    for (;;) {
      const line = lines.find((candidate) => field in candidate && (value === undefined || candidate[field] === value))
      if (line !== undefined) return line
      if (!alive()) throw new Error(`a process ended before it said ${field}: ${output.slice(-500)}`)
      if (performance.now() > until) throw new Error(`a process did not say ${field} in ${timeout} ms`)
      await sleep(3)
    }
  }

  return {
    pid: child.pid ?? 0,
    lines,
    output: () => output,
    ready: async () => void (await said('ready')),
    ask,
    async call<T>(command: string, argument?: unknown, timeout?: number): Promise<T> {
      const result = await ask<T>(command, argument, timeout)
      if ('value' in result) return result.value
      throw new Error(`${result.code}: ${result.text}`)
    },
    said,
    alive,
    signal: (name) => void child.kill(name),
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

interface Reply {
  readonly value?: unknown
  readonly code?: string
  readonly text?: string
  readonly gone?: true
}

const gone: Reply = { gone: true }

function parse(line: string): Line {
  try {
    return JSON.parse(line) as Line
  } catch {
    return { text: line }
  }
}

/** @throws Error when `work` takes longer than `ms` milliseconds. */
export async function within<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  const stop = new AbortController()
  const late = sleep(ms, undefined, { signal: stop.signal }).then(
    () => {
      throw new Error(`${what} took longer than ${ms} ms`)
    },
    () => new Promise<never>(() => undefined),
  )
  try {
    return await Promise.race([work, late])
  } finally {
    stop.abort()
  }
}
