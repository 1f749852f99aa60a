import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hrtime } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import type { Remote } from '../rig/start-process.ts'
import { ms, quantile } from '../rig/statistics.ts'
import type { Held } from '../rig/store-commands.ts'
import type { Case } from './case.ts'

/** Whoever holds the lock is killed, while another waits for it. */
export const killedHolder: Case = {
  id: 'C-04',
  async run(lab) {
    const rounds = lab.size(200, 20)
    const ours = await recoveries(lab, rounds, {
      keep: (remote, path) => remote.ask('keep', path),
      lock: (remote, path) => remote.call('lock', { path, hold: 0, timeout: 60_000 }),
    })
    const stale = lab.size(30_000, 5_000)
    const theirs = await recoveries(lab, lab.size(2, 1), {
      keep: (remote, path) => remote.ask('foreignKeep', { path, stale }),
      lock: (remote, path) => remote.call('foreignLock', { path, stale, hold: 0, timeout: 120_000 }),
    })
    const [p99, worst] = [quantile(ours, 0.99), Math.max(...ours)]
    return [
      row(
        'C-04',
        rounds,
        'p99 ≤ 500 ms, never ≥ 2 s',
        `p50 ${ms(quantile(ours, 0.5))}, p99 ${ms(p99)}, worst ${ms(worst)}`,
        p99 <= 500 && worst < 2_000,
      ),
      {
        id: 'C-04',
        n: String(theirs.length),
        line: `proper-lockfile, stale ${ms(stale)}`,
        measured: `p50 ${ms(quantile(theirs, 0.5))}, worst ${ms(Math.max(...theirs))}`,
        verdict: 'baseline',
      },
    ]
  },
}

interface Way {
  keep(remote: Remote, path: string): Promise<unknown>
  lock(remote: Remote, path: string): Promise<Held>
}

async function recoveries(lab: Lab, rounds: number, way: Way): Promise<number[]> {
  const path = join(await lab.folder(), 'auth.json')
  await writeFile(path, '{}', { mode: 0o600 })
  const waiter = await lab.worker()
  const waits: number[] = []
  let holder = await lab.worker()
  for (let round = 0; round < rounds; round += 1) {
    way.keep(holder, path).catch(() => undefined)
    await holder.said('held')
    const next = lab.worker()
    const waiting = way.lock(waiter, path)
    await sleep(20 + lab.random() * 60)
    const killedAt = hrtime.bigint()
    holder.signal('SIGKILL')
    const held = await waiting
    if (!('from' in held)) throw new Error(`the next holder got ${held.code}`)
    waits.push(Number(BigInt(held.from) - killedAt) / 1e6)
    holder = await next
  }
  return waits
}
