import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchPart, BenchRow } from './part.ts'
import { spreadOf } from './spread.ts'

const room = ['--expose-gc', '--min-semi-space-size=1024', '--max-semi-space-size=1024']

/** How many bytes a call with the token at hand leaves to the garbage collector. */
export const allocation: BenchPart = async ({ short }) => {
  const child = fileURLToPath(new URL('allocation-child.ts', import.meta.url))
  const args = [...room, child, short ? '5' : '20']
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 })
  const found = Object.entries(JSON.parse(stdout) as Record<string, number[]>)
  const [, floor = []] = found[0] ?? []
  const rows = found.map(
    ([name, values], index): BenchRow => ({
      name,
      took: spreadOf(values),
      ...(index > 0 && { ratio: spreadOf(values.map((value, round) => value / (floor[round] ?? Number.NaN))) }),
    }),
  )
  return [{ title: 'Allocation per call, Node', unit: 'bytes', reference: 'the floor', rows, budgets: [] }]
}
