import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Program {
  readonly child: ChildProcess
  /** Ends the program and whatever it started: politely, then not. */
  end(): Promise<void>
}

/** Starts `path` as the head of its own process group, which ends with this process at the latest. */
export function spawnProgram(path: string, args: readonly string[], options: SpawnOptions = {}): Program {
  const child = spawn(path, args, { stdio: 'ignore', ...options, detached: true })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const program = {
    child,
    end: async () => {
      signalGroup(child, 'SIGTERM')
      await Promise.race([ended, sleep(politeWait, undefined, { ref: false })])
      // The head may be gone while its children are not.
      signalGroup(child, 'SIGKILL')
      running.delete(program)
      await Promise.race([ended, sleep(politeWait, undefined, { ref: false })])
    },
  }
  running.add(program)
  return program
}

/** Ends whatever `spawnProgram` started and nobody has ended. */
export async function endAllPrograms(): Promise<void> {
  await Promise.all([...running].map((program) => program.end()))
}

const politeWait = 3000

const running = new Set<Program>()

process.on('exit', () => {
  for (const { child } of running) signalGroup(child, 'SIGKILL')
})

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // It is gone already.
  }
}

/** Waits for the first chunk that `stream` gives. */
export async function firstChunk(stream: NodeJS.ReadableStream): Promise<string> {
  const [chunk] = await once(stream, 'data', { signal: AbortSignal.timeout(10_000) })
  return String(chunk)
}
