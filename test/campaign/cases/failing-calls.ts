import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab, Server } from '../rig/lab.ts'
import { storedText } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import { everyPoint, type Point, struckBy } from '../rig/system-calls.ts'
import type { Case } from './case.ts'
import { spread } from './sudden-end-at-each-call.ts'

const errors = ['EIO', 'ENOSPC', 'EROFS', 'EACCES', 'EMFILE', 'EINTR'] as const

/** Each system call of one refresh that touches the file fails once. */
export const failingCalls: Case = {
  id: 'C-09',
  async run(lab) {
    const points = (await everyPoint(lab, 'node')).filter(({ onFile }) => onFile)
    const all = points.flatMap((point) => errors.map((error) => ({ point, error })))
    const chosen = spread(all, lab.size(5_000, 18))
    const server = await lab.server({ rotation: 'grace', gracePeriod: 3_600_000 })
    const tally: Tally = { struck: 0, plumbing: 0, harmed: 0, untyped: 0, unhandled: 0, tokens: 0, codes: {} }
    for (const { point, error } of chosen) await fail(lab, server, { point, error, tally })
    const codes = Object.entries(tally.codes).map(([code, count]) => `${code} ×${count}`)
    return [
      row(
        'C-09',
        `${chosen.length} of ${all.length} faults`,
        'old bytes or new and complete; a token or a typed error; 0 unhandled rejections',
        `${tally.struck} struck (${tally.plumbing} the runtime’s own calls, not judged): ${tally.harmed} files harmed, ${tally.tokens} tokens, ` +
          `typed errors ${codes.join(', ') || '0'}, ${tally.untyped} untyped, ${tally.unhandled} unhandled`,
        tally.struck > tally.plumbing && tally.harmed + tally.untyped + tally.unhandled === 0,
      ),
    ]
  },
}

interface Tally {
  struck: number
  plumbing: number
  harmed: number
  untyped: number
  unhandled: number
  tokens: number
  readonly codes: Record<string, number>
}

interface Fault {
  readonly point: Point
  readonly error: (typeof errors)[number]
  readonly tally: Tally
}

async function fail(lab: Lab, server: Server, { point, error, tally }: Fault): Promise<void> {
  const folder = await lab.folder()
  const path = join(folder, 'auth.json')
  await lab.signIn(path, server)
  const before = storedText(path)
  const hit = await struckBy(lab, { runtime: 'node', path, server, blow: { ...point, what: `error=${error}` } })
  if (hit.injected.length === 0) return
  tally.struck += 1
  const text = storedText(path)
  const left = (await readdir(folder)).filter((name) => name.endsWith('.tmp'))
  if (text !== before && !isComplete(text)) tally.harmed += 1
  // A runtime whose own pipes and clocks fail may end as it likes; the file is judged all the same.
  if (!hit.injected.some((line) => line.includes(folder))) return void (tally.plumbing += 1)
  if (hit.unhandled || hit.died) tally.unhandled += 1
  const { result } = hit
  if (result === undefined || !('code' in result)) tally.tokens += 1
  else if (result.code === 'untyped') tally.untyped += 1
  else tally.codes[result.code] = (tally.codes[result.code] ?? 0) + 1
  if (left.length > 1 || (result !== undefined && 'code' in result && result.code === 'untyped'))
    console.log(`  ${error} at ${hit.injected[0]}: ${JSON.stringify(result)} ${left.join(' ')}`)
}

function isComplete(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}
