import type { Crowd } from '../rig/client-commands.ts'
import { opened } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import { ms, quantile } from '../rig/statistics.ts'
import type { Case } from './case.ts'

const hour = 3_600_000
const warmUp = 5

/** Many callers in one process find the token expired at once. */
export const concurrentCallers: Case = {
  id: 'C-01',
  async run(lab) {
    const rounds = lab.size(100, 15)
    const server = await lab.server()
    const worker = await opened(await lab.worker(), { origin: server.origin, worker: 'crowd' })
    await worker.call('signIn')
    await server.weather({ latency: [20, 20] })
    const crowds: Crowd[] = []
    // The first rounds only warm up what is compiled while it is used.
    for (let round = 1 - warmUp; round <= rounds; round += 1) {
      await server.advance(hour)
      await worker.call('shift', (round + warmUp) * hour)
      const crowd = await worker.call<Crowd>('crowd', 1000)
      if (round > 0) crowds.push(crowd)
    }
    const requests = (await server.presentations()).length - warmUp
    const single = crowds.filter((crowd) => crowd.requests === 1 && crowd.tokens === 1).length
    const all = crowds.flatMap(({ overheads }) => overheads)
    // While others have the processors, nobody can be quick.
    const own = crowds.flatMap(({ overheads, cpu }) => overheads.map((overhead) => Math.min(overhead, cpu)))
    const late = quantile(own, 0.99)
    const line = '1 request and 1000 equal tokens a round, p99 ≤ the answer + 50 ms'
    const measured = `${single}/${rounds} rounds with one of each, ${requests} requests, p50 +${ms(quantile(all, 0.5))}, p99 +${ms(quantile(all, 0.99))}, of that ${ms(late)} with a processor`
    return [row('C-01', `${rounds}×1000`, line, measured, single === rounds && requests === rounds && late <= 50)]
  },
}
