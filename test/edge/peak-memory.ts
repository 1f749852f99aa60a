import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'

/** What a program that this process has started holds in memory of its own, in bytes. On Linux. */
function processMemory(program: string): number {
  for (const id of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8')
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
      const name = /^Name:\s+(\S+)/m.exec(status)?.[1]
      if (parent !== process.pid || name !== program) continue
      return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1]) * 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`${program} is not there, or this is no Linux.`)
}

/** How many bytes more a program holds at the worst moment of some work than before. */
export async function peakMemory<T>(program: string, work: () => Promise<T>): Promise<{ more: number; result: T }> {
  const before = processMemory(program)
  let most = before
  const watch = setInterval(() => (most = Math.max(most, processMemory(program))), 20)
  try {
    const result = await work()
    return { more: most - before, result }
  } finally {
    clearInterval(watch)
  }
}
