import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Lab } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import type { Held } from '../rig/store-commands.ts'
import type { Case } from './case.ts'

/** Many processes meet one dead lock. */
export const staleLock: Case = {
  id: 'C-07',
  async run(lab) {
    const ours = await meetings(lab, lab.size(1_000, 30), (path) => ['lock', { path, hold: 5, timeout: 400 }])
    const theirs = await meetings(lab, lab.size(100, 15), (path) => [
      'foreignLock',
      { path, stale: 30_000, hold: 5, timeout: 400 },
    ])
    return [
      row(
        'C-07',
        `${ours.rounds}×16`,
        '0 overlapping holders, somebody wins in ≥ 99 % of the rounds',
        `${ours.overlapping} rounds with overlap, a winner in ${ours.won}, ${ours.holders} holders in all`,
        ours.overlapping === 0 && ours.won >= ours.rounds * 0.99,
      ),
      {
        id: 'C-07',
        n: `${theirs.rounds}×16`,
        line: 'proper-lockfile, stale 30 s',
        measured: `${theirs.overlapping} rounds with overlap, a winner in ${theirs.won}, ${theirs.holders} holders in all`,
        verdict: 'baseline',
      },
    ]
  },
}

interface Meetings {
  readonly rounds: number
  readonly overlapping: number
  readonly won: number
  readonly holders: number
}

async function meetings(
  lab: Lab,
  rounds: number,
  order: (path: string) => readonly [string, object],
): Promise<Meetings> {
  const folder = await lab.folder()
  const workers = await lab.workers(16)
  let [overlapping, won, holders] = [0, 0, 0]
  for (let round = 0; round < rounds; round += 1) {
    // A new file each time, so that nobody has met its lock before.
    const path = join(folder, `auth-${round}.json`)
    await writeFile(path, '{}', { mode: 0o600 })
    await leaveStaleLock(path)
    const [command, argument] = order(path)
    const all = await Promise.all(workers.map((remote) => remote.call<Held>(command, argument)))
    const held = all.flatMap((one) => ('from' in one ? [{ from: BigInt(one.from), to: BigInt(one.to) }] : []))
    holders += held.length
    if (held.length > 0) won += 1
    if (overlap(held)) overlapping += 1
    await rm(path)
    await rm(`${path}.lock`, { recursive: true, force: true })
  }
  await Promise.all(workers.map((remote) => remote.end()))
  return { rounds, overlapping, won, holders }
}

/** A lock as another program leaves it when it is killed, long ago. */
async function leaveStaleLock(path: string): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000)
  await mkdir(`${path}.lock`)
  await utimes(`${path}.lock`, longAgo, longAgo)
}

function overlap(held: readonly { readonly from: bigint; readonly to: bigint }[]): boolean {
  const sorted = held.toSorted((a, b) => (a.from < b.from ? -1 : 1))
  return sorted.some(({ from }, index) => from < (sorted[index - 1]?.to ?? 0n))
}
