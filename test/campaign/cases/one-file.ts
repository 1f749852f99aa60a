import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Got } from '../rig/client-commands.ts'
import { type Lab, opened, storedText } from '../rig/lab.ts'
import { judgeReuse } from '../rig/judge-reuse.ts'
import { row } from '../rig/report.ts'
import type { Remote } from '../rig/start-process.ts'
import { ms } from '../rig/statistics.ts'
import type { Sightings, Written } from '../rig/store-commands.ts'
import type { Case } from './case.ts'

const hour = 3_600_000

/** Many processes share a file, and their token expires for all of them at once, over and over. */
export const oneFile: Case = {
  id: 'C-02',
  async run(lab) {
    const [size, cycles] = [lab.size(64, 12), lab.size(200, 20)]
    const path = join(await lab.folder(), 'auth.json')
    await writeFile(path, '{"keep":{"type":"api_key","key":"k"}}', { mode: 0o600 })
    const server = await lab.server()
    await lab.signIn(path, server)
    await server.weather({ latency: [5, 45], seed: lab.seed })
    const workers = await lab.workers(size)
    await Promise.all(
      workers.map((one, index) =>
        opened(one, { origin: server.origin, path, worker: `w${index}`, lockTimeout: 120_000 }),
      ),
    )
    const reader = await lab.worker()
    await reader.call('observe', { path, entries: ['keep'] })
    const others = await startOthers(lab, path, lab.size(1_200_000, 60_000))
    const rounds: { readonly tokens: number; readonly slowest: number }[] = []
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await server.advance(hour)
      const got = await Promise.all(workers.map((one) => atHour(one, cycle)))
      rounds.push({
        tokens: new Set(got.map(({ token }) => token)).size,
        slowest: Math.max(...got.map((one) => one.ms)),
      })
    }
    const lost = await others.lost()
    const seen = await reader.call<Sightings>('sightings')
    const judged = judgeReuse({ presentations: await server.presentations(), killed: new Map() })
    const equal = rounds.filter(({ tokens }) => tokens === 1).length
    const clean = judged.most === 1 && seen.broken === 0 && seen.entriesLost === 0 && lost === 0 && equal === cycles
    return [
      row(
        'C-02',
        `${size}×${cycles}`,
        '0 reuse, 0 bad reads, 0 lost foreign updates, refreshes = expiries',
        `${judged.presentations} refreshes of ${cycles} expiries, ${judged.unavoidable + judged.avoidable.length} reuse, ` +
          `${seen.broken} bad of ${seen.reads} reads, ${lost} of ${others.written()} foreign updates lost, ` +
          `slowest ${ms(Math.max(...rounds.map(({ slowest }) => slowest)))}`,
        clean && judged.presentations === cycles,
      ),
    ]
  },
}

async function atHour(worker: Remote, hours: number): Promise<Got> {
  await worker.call('shift', hours * hour)
  return worker.call<Got>('token')
}

interface Others {
  /** How many updates they acknowledged in all. */
  written(): number
  /** Stops them, and says how many of their updates are not in the file. */
  lost(): Promise<number>
}

/** Two other programs at work on entries of their own: one with our store, one with `proper-lockfile`. */
export async function startOthers(lab: Lab, path: string, lasts: number): Promise<Others> {
  const ours = await lab.worker()
  const theirs = await lab.worker()
  const running = [
    {
      entry: 'ours',
      remote: ours,
      ends: ours.ask<Written>('write', { path, entry: 'ours', lasts, pause: 50 }, lasts * 2),
    },
    {
      entry: 'theirs',
      remote: theirs,
      ends: theirs.ask<Written>(
        'foreign',
        { path, entry: 'theirs', lasts, pause: 50, inPlace: false, stale: 30_000 },
        lasts * 2,
      ),
    },
  ]
  for (const { ends } of running) ends.catch(() => undefined)
  const acknowledged = (remote: Remote): number =>
    Number(remote.lines.findLast((line) => 'written' in line)?.['written'] ?? 0)
  return {
    written: () => running.reduce((sum, { remote }) => sum + acknowledged(remote), 0),
    async lost() {
      await Promise.all(running.map(({ remote }) => remote.end()))
      const auth = JSON.parse(storedText(path)) as Record<string, { readonly expires?: number } | undefined>
      const missing = running.map(({ entry, remote }) =>
        Math.max(0, acknowledged(remote) - (auth[entry]?.expires ?? 0)),
      )
      return missing.reduce((sum, one) => sum + one, 0)
    },
  }
}
