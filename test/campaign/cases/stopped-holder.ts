import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Got } from '../rig/client-commands.ts'
import { judgeReuse } from '../rig/judge-reuse.ts'
import { type Lab, opened, type Server, storedText } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import { slot } from '../rig/open-client.ts'
import { fingerprint } from '../../../src/testing/redaction.ts'
import type { Case } from './case.ts'

/** A process falls asleep while it refreshes, another refreshes meanwhile, and the first wakes up. */
export const stoppedHolder: Case = {
  id: 'C-05',
  beside: true,
  run: (lab) => Promise.all([sleeper(lab, 'grace'), sleeper(lab, 'strict')]),
}

async function sleeper(lab: Lab, rotation: 'grace' | 'strict'): Promise<Row> {
  const path = join(await lab.folder(), 'auth.json')
  const server = await lab.server({ rotation, gracePeriod: 600_000 })
  await lab.signIn(path, server)
  await server.weather({ latency: [1_000, 1_000] })
  const [first, second] = await lab.workers(2)
  if (first === undefined || second === undefined) throw new Error('there are no workers')
  for (const [worker, remote] of [
    ['sleeper', first],
    ['other', second],
  ] as const) {
    await opened(remote, { origin: server.origin, path, rotation, worker, timeout: 120_000, lockTimeout: 120_000 })
  }
  const sleeping = first.ask<Got>('token', { force: true })
  await arrived(server, 1)
  first.signal('SIGSTOP')
  const stoppedAt = Date.now()
  if (lab.long) await sleep(60_000)
  // In the short form the lock looks as if so much time had gone by.
  else await utimes(`${path}.lock`, new Date(Date.now() - 65_000), new Date(Date.now() - 65_000))
  const other = await second.ask<Got>('token', { force: true })
  const newest = await refreshOf(path)
  first.signal('SIGCONT')
  const late = await sleeping
  await sleep(500)
  const after = await refreshOf(path)
  const judged = judgeReuse({ presentations: await server.presentations(), killed: new Map([['sleeper', stoppedAt]]) })
  const kept = rotation === 'grace' ? after === newest : after === newest || after !== undefined
  const outcome = (result: typeof late): string => ('value' in result ? 'a token' : result.code)
  return row(
    'C-05',
    rotation,
    'the newest generation stays, the late answer is adopted or dropped, 0 avoidable reuse',
    `asleep ${lab.long ? '60 s' : '> stale (by the lock’s age)'}: store ${after === newest ? 'kept the newest' : 'took the late answer'}, ` +
      `sleeper got ${outcome(late)}, other got ${outcome(other)}, ${judged.avoidable.length} avoidable reuse`,
    kept && judged.avoidable.length === 0 && (rotation === 'strict' || ('value' in late && 'value' in other)),
  )
}

/** Waits until so many refreshes have reached the server. */
export async function arrived(server: Server, count: number): Promise<void> {
  for (let look = 0; look < 3_000; look += 1) {
    if ((await server.presentations()).length >= count) return
    await sleep(10)
  }
  throw new Error('no refresh reached the server')
}

/** The fingerprint of the refresh token in a file. */
export async function refreshOf(path: string): Promise<string | undefined> {
  const auth = JSON.parse(storedText(path)) as Record<string, { readonly refresh?: string } | undefined>
  const refresh = auth[slot]?.refresh
  return refresh === undefined ? undefined : fingerprint(refresh)
}
