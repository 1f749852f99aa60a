import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Ends, by their ids, the processes that inherited `variable` with this `value`.
 * Where there is no /proc it does nothing: process groups have to do there.
 */
export async function endLeftovers(variable: string, value: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const leftovers = processesWith(`${variable}=${value}`)
    if (leftovers.length === 0) return
    for (const pid of leftovers) end(pid, signal)
    await sleep(200)
  }
}

function processesWith(setting: string): readonly number[] {
  return list()
    .filter((name) => /^\d+$/.test(name) && environment(name).includes(setting))
    .map(Number)
}

function list(): readonly string[] {
  try {
    return readdirSync('/proc')
  } catch {
    return []
  }
}

function environment(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    // Ended meanwhile, or not ours.
    return []
  }
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Ended meanwhile.
  }
}
