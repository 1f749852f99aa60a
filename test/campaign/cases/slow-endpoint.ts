import { join } from 'node:path'
import type { Got } from '../rig/client-commands.ts'
import { opened } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import { ms } from '../rig/statistics.ts'
import type { Case } from './case.ts'
import { refreshOf } from './stopped-holder.ts'

const hour = 3_600_000

/** The token endpoint takes longer than a lock may live without a sign of life. */
export const slowEndpoint: Case = {
  id: 'C-06',
  beside: true,
  async run(lab) {
    const path = join(await lab.folder(), 'auth.json')
    const server = await lab.server()
    await lab.signIn(path, server)
    const before = await refreshOf(path)
    await server.weather({ latency: [35_000, 35_000] })
    await server.advance(hour)
    const workers = await lab.workers(8)
    const began = performance.now()
    const got = await Promise.all(
      workers.map(async (remote, index) => {
        const { origin } = server
        await opened(remote, { origin, path, worker: `w${index}`, timeout: 60_000, lockTimeout: 60_000, offset: hour })
        return remote.ask<Got>('token', {}, 110_000)
      }),
    )
    const took = performance.now() - began
    const shown = await server.presentations()
    const tokens = got.flatMap((one) => ('value' in one ? [one.value.token] : []))
    const saved = (await refreshOf(path)) !== before
    return [
      row(
        'C-06',
        '8 waiters',
        '1 presentation, stored, all get the token',
        `${shown.length} presentation, ${saved ? 'stored' : 'not stored'}, ${tokens.length} of 8 got ${new Set(tokens).size} token, after ${ms(took)}`,
        shown.length === 1 && saved && tokens.length === 8 && new Set(tokens).size === 1,
      ),
    ]
  },
}
