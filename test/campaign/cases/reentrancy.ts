import { join } from 'node:path'
import { opened } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import { ms, quantile } from '../rig/statistics.ts'
import type { Case } from './case.ts'

/** An application calls the client from the client's own events. */
export const reentrancy: Case = {
  id: 'C-14',
  async run(lab) {
    const rounds = lab.size(100, 10)
    const path = join(await lab.folder(), 'auth.json')
    const server = await lab.server()
    const worker = await opened(await lab.worker(), { origin: server.origin, path, worker: 'again' })
    const took: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      await worker.call('signIn')
      const began = performance.now()
      await worker.call('reenter', undefined, 10_000)
      took.push(performance.now() - began)
    }
    const unhandled = worker.lines.filter(
      (line) => 'unhandled' in line && !String(line['unhandled']).includes('OAuthError'),
    )
    const worst = Math.max(...took)
    return [
      row(
        'C-14',
        rounds,
        'no deadlock: ≤ 2 s',
        `p50 ${ms(quantile(took, 0.5))}, worst ${ms(worst)}`,
        worst <= 2_000 && unhandled.length === 0,
      ),
    ]
  },
}
