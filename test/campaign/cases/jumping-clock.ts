import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Got } from '../rig/client-commands.ts'
import { type Lab, opened, type Server, storedText } from '../rig/lab.ts'
import { slot } from '../rig/open-client.ts'
import { row } from '../rig/report.ts'
import type { Remote } from '../rig/start-process.ts'
import type { Case } from './case.ts'
import { arrived } from './stopped-holder.ts'

const hour = 3_600_000
const year = 8_760 * hour

interface Jump {
  readonly name: string
  readonly by: number
  /** While a refresh is under way, or while the process sleeps. */
  readonly during?: 'refresh' | 'sleep'
}

const jumps: readonly Jump[] = [
  { name: '+1 h', by: hour },
  { name: '-1 h', by: -hour },
  { name: '+1 year', by: year },
  { name: '-1 year', by: -year },
  { name: '-1 h during a refresh', by: -hour, during: 'refresh' },
  { name: '+8 h asleep', by: 8 * hour, during: 'sleep' },
]

/** The process's clock jumps; the server's stays right. */
export const jumpingClock: Case = {
  id: 'C-42',
  async run(lab) {
    const outcomes = await Promise.all(jumps.map((jump) => leap(lab, jump)))
    const worst = Math.max(...outcomes.map(({ refreshes }) => refreshes))
    const bad = outcomes.filter(({ right }) => !right)
    return [
      row(
        'C-42',
        `${jumps.length} jumps`,
        '≤ 1 refresh an event, 0 loops, 0 deletions',
        `at most ${worst} refresh, ${bad.length} wrong${bad.map(({ name, said }) => ` (${name}: ${said})`).join('')}`,
        worst <= 1 && bad.length === 0,
      ),
    ]
  },
}

async function leap(
  lab: Lab,
  jump: Jump,
): Promise<{ readonly name: string; readonly refreshes: number; readonly right: boolean; readonly said: string }> {
  const path = join(await lab.folder(), 'auth.json')
  const server = await lab.server()
  await lab.signIn(path, server)
  const worker = await opened(await lab.worker(), { origin: server.origin, path, worker: 'jumper' })
  await worker.call('token')
  const before = (await server.presentations()).length
  await happen(worker, server, jump)
  const said: string[] = []
  for (let call = 0; call < 20; call += 1) {
    const result = await worker.ask<Got>('token')
    if ('code' in result) said.push(result.code)
  }
  const refreshes = (await server.presentations()).length - before
  const kept = (JSON.parse(storedText(path)) as Record<string, unknown>)[slot] !== undefined
  return {
    name: jump.name,
    refreshes,
    right: kept && said.length === 0,
    said: kept ? said.join(' ') : 'the entry is gone',
  }
}

async function happen(worker: Remote, server: Server, { by, during }: Jump): Promise<void> {
  if (during === 'refresh') {
    await server.weather({ latency: [500, 500] })
    const refreshing = worker.ask('token', { force: true })
    await arrived(server, 1)
    await worker.call('shift', by)
    await refreshing
    return
  }
  if (during === 'sleep') {
    worker.signal('SIGSTOP')
    const shifted = worker.ask('shift', by)
    await sleep(2_000)
    await server.advance(by)
    worker.signal('SIGCONT')
    await shifted
    return
  }
  await worker.call('shift', by)
}
