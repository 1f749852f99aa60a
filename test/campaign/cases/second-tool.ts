import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Lab, storedText } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import type { Sightings, Written } from '../rig/store-commands.ts'
import type { Case } from './case.ts'

/** A program that locks with `proper-lockfile` and writes in place shares the file with us. */
export const secondTool: Case = {
  id: 'C-16',
  async run(lab) {
    return [await share(lab)]
  },
}

async function share(lab: Lab): Promise<Row> {
  const [size, lasts] = [lab.size(20, 5), lab.size(600_000, 15_000)]
  const folder = await lab.folder()
  const path = join(folder, 'auth.json')
  await writeFile(path, '{"keep":{"type":"api_key","key":"k"}}', { mode: 0o600 })
  const workers = await lab.workers(2 * size)
  const reader = await lab.worker()
  await reader.call('observe', { path, entries: ['keep'] })
  await sleep(100)
  const all = await Promise.all(
    workers.map(async (remote, index) => {
      const entry = `e${index}`
      const order = { path, entry, lasts, pause: 20 }
      const command = index < size ? 'write' : 'foreign'
      const written = await remote.call<Written>(command, { ...order, inPlace: true, stale: 30_000 }, lasts + 240_000)
      const said = remote.lines.filter((line) => 'written' in line).length
      return { entry, ours: index < size, written, said }
    }),
  )
  const seen = await reader.call<Sightings>('sightings')
  const auth = JSON.parse(storedText(path)) as Record<string, { readonly expires?: number } | undefined>
  // Each writer counts its own entry up: acknowledged updates and the count in the file must agree.
  const lost = all.reduce((sum, { entry, said }) => sum + Math.abs(said - (auth[entry]?.expires ?? 0)), 0)
  const failures = all.flatMap(({ written, ours }) =>
    Object.entries(written.failures).map(([code, n]) => `${ours ? 'ours' : 'theirs'} ${code} ×${n}`),
  )
  const counts = [true, false].map((ours) =>
    all.filter((one) => one.ours === ours).reduce((sum, { said }) => sum + said, 0),
  )
  const leftovers = (await readdir(folder)).filter((name) => name !== 'auth.json')
  return row(
    'C-16',
    `${size}+${size} writers, ${lasts / 1000} s`,
    '0 lost updates on either side, 0 ENOTEMPTY/ENOTDIR, no failure',
    `${counts[0]} updates of ours, ${counts[1]} of theirs, ${lost} lost, failures ${failures.join(', ') || '0'}, ` +
      `${leftovers.length} leftovers, ${seen.broken} of ${seen.reads} unlocked raw reads broken (by their writing in place)`,
    lost === 0 && failures.length === 0 && seen.entriesLost === 0,
  )
}
