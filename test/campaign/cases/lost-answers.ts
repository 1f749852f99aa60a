import { join } from 'node:path'
import type { Got } from '../rig/client-commands.ts'
import { judgeReuse } from '../rig/judge-reuse.ts'
import { type Lab, opened } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import type { Case } from './case.ts'

/** One answer in twenty is lost on the way, after the server has rotated. */
export const lostAnswers: Case = {
  id: 'C-10',
  run: async (lab) => [await refreshes(lab, 'grace'), await refreshes(lab, 'strict')],
}

async function refreshes(lab: Lab, rotation: 'grace' | 'strict'): Promise<Row> {
  const count = lab.size(1_000, 100)
  const path = join(await lab.folder(), 'auth.json')
  const server = await lab.server({ rotation })
  await lab.signIn(path, server)
  await server.weather({ loss: 0.05, seed: lab.seed })
  const worker = await opened(await lab.worker(), { origin: server.origin, path, rotation, worker: 'only' })
  const codes: Record<string, number> = {}
  let sessionsLost = 0
  for (let index = 0; index < count; index += 1) {
    const result = await worker.ask<Got>('token', { force: true })
    if ('value' in result) continue
    codes[result.code] = (codes[result.code] ?? 0) + 1
    if (result.code !== 'sign_in_required') continue
    sessionsLost += 1
    await worker.call('signIn')
  }
  const shown = await server.presentations()
  const judged = judgeReuse({ presentations: shown, killed: new Map() })
  // A repeat whose answer is lost too loses nothing that was not lost before.
  const drops = shown.filter(({ lost, repeat, reuse }) => lost && !repeat && !reuse).length
  const wanted = rotation === 'grace' ? 0 : drops
  return row(
    'C-10',
    `${count} ${rotation}`,
    rotation === 'grace' ? '0 sessions lost' : 'sessions lost = answers lost, ≤ 2 presentations each',
    `${drops} answers lost, ${sessionsLost} sessions lost, at most ${judged.most} presentations of a token, other failures ${other(codes)}`,
    sessionsLost === wanted && judged.avoidable.length === 0 && (rotation === 'grace' || judged.most <= 2),
  )
}

function other(codes: Readonly<Record<string, number>>): string {
  const rest = Object.entries(codes).filter(([code]) => code !== 'sign_in_required')
  return rest.length === 0 ? '0' : JSON.stringify(Object.fromEntries(rest))
}
