import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Got } from '../rig/client-commands.ts'
import { type Lab, opened, type RuntimeName, runtimeCommand, storedText } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import { type Blow, everyPoint, type Point, struckBy } from '../rig/system-calls.ts'
import type { Case } from './case.ts'
import { ms, quantile } from '../rig/statistics.ts'

const hour = 3_600_000

/** A process is killed at each system call of one refresh. */
export const suddenEndAtEachCall: Case = {
  id: 'C-08',
  async run(lab) {
    const rows: Row[] = []
    for (const runtime of ['node', 'deno', 'bun'] as const) rows.push(await inRuntime(lab, runtime))
    return rows
  },
}

interface Tally {
  struck: number
  torn: number
  stranded: number
  untidy: number
  /** How long the next run took, and one that nothing had happened before. */
  readonly took: number[]
  readonly undisturbed: number[]
}

async function inRuntime(lab: Lab, runtime: RuntimeName): Promise<Row> {
  if (runtimeCommand(runtime) === undefined) {
    return { id: 'C-08', n: runtime, line: '', measured: `${runtime} is not installed`, verdict: 'skipped' }
  }
  const tally: Tally = { struck: 0, torn: 0, stranded: 0, untidy: 0, took: [], undisturbed: [] }
  const points = await everyPoint(lab, runtime)
  const chosen = spread(points, lab.size(1_000, runtime === 'node' ? 10 : 3))
  const server = await lab.server({ rotation: 'grace', gracePeriod: hour })
  for (const point of chosen) {
    // Where several threads share the work, not each run comes to the same calls again.
    for (let tries = 0; tries < 4; tries++) if (await strike(lab, { runtime, point, tally, server })) break
  }
  const [slowest, usual] = [Math.max(0, ...tally.took), Math.max(0, ...tally.undisturbed)]
  return row(
    'C-08',
    `${runtime}: ${chosen.length} of ${points.length} points`,
    'file old or new, the next run ≤ 2 s slower than without a death, what is left over goes with it',
    `${tally.struck} killed: ${tally.torn} torn files, ${tally.stranded} next runs failed, next run p50 ${ms(quantile(tally.took, 0.5))}, slowest ${ms(slowest)} (without a death p50 ${ms(quantile(tally.undisturbed, 0.5))}, slowest ${ms(usual)}), ${tally.untidy} untidy`,
    tally.struck >= chosen.length * (runtime === 'node' ? 0.8 : 0.5) &&
      tally.torn + tally.stranded + tally.untidy === 0 &&
      slowest <= 2_000 + usual,
  )
}

interface Strike {
  readonly runtime: RuntimeName
  readonly point: Point
  readonly tally: Tally
  readonly server: Awaited<ReturnType<Lab['server']>>
}

/** Whether the process came to that call at all, and died there. */
async function strike(lab: Lab, { runtime, point, tally, server }: Strike): Promise<boolean> {
  const folder = await lab.folder()
  const path = join(folder, 'auth.json')
  await lab.signIn(path, server)
  const before = storedText(path)
  const blow: Blow = { ...point, what: 'signal=SIGKILL' }
  const next = await opened(await lab.worker(), { origin: server.origin, path, rotation: 'grace', worker: 'next' })
  const hit = await struckBy(lab, { runtime, path, server, blow })
  if (!hit.died) {
    await next.end()
    return false
  }
  tally.struck += 1
  if (!isWhole(storedText(path), before)) tally.torn += 1
  const result = await next.ask<Got>('token', { force: true })
  if (!('value' in result)) {
    tally.stranded += 1
    console.log(`  after a kill at ${point.call} ${point.when}: ${result.code}`)
  } else tally.took.push(result.value.ms)
  const left = (await readdir(folder)).filter((name) => name !== 'auth.json')
  if (left.length > 0) {
    tally.untidy += 1
    console.log(`  left after a kill at ${point.call} ${point.when}: ${left.join(' ')}`)
  }
  await next.end()
  // Now and then a run after nothing has happened, to compare with.
  if (tally.struck % 5 !== 1) return true
  const calm = await opened(await lab.worker(), { origin: server.origin, path, rotation: 'grace', worker: 'calm' })
  tally.undisturbed.push((await calm.call<Got>('token', { force: true })).ms)
  await calm.end()
  return true
}

/** The old text, or another one that is complete. */
function isWhole(text: string, before: string): boolean {
  if (text === before) return true
  try {
    const auth = JSON.parse(text) as Record<string, { readonly refresh?: string } | undefined>
    return Object.values(auth).every((entry) => typeof entry?.refresh === 'string')
  } catch {
    return false
  }
}

/** At most so many, evenly over all. */
export function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items
  return Array.from({ length: most }, (_, index) => items[Math.floor(((index + 0.5) * items.length) / most)] as T)
}
