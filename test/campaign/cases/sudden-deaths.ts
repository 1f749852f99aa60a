import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RotationPolicy } from '../../../src/testing/index.ts'
import { judgeReuse } from '../rig/judge-reuse.ts'
import { type Lab, opened, type Server, storedText } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import type { Remote } from '../rig/start-process.ts'
import { ms } from '../rig/statistics.ts'
import type { Sightings } from '../rig/store-commands.ts'
import type { Case } from './case.ts'
import { startOthers } from './one-file.ts'

/** Processes that refresh all the time are killed at any moment. */
export const suddenDeaths: readonly Case[] = [
  { id: 'C-03', run: async (lab) => [await deaths(lab, 'strict', lab.size(500, 30))] },
  { id: 'C-03', run: async (lab) => [await deaths(lab, 'grace', lab.size(200, 12))] },
  { id: 'C-03', run: async (lab) => [await deaths(lab, 'strict', lab.size(130, 10), 'baseline')] },
]

async function deaths(
  lab: Lab,
  rotation: RotationPolicy & ('strict' | 'grace'),
  wanted: number,
  who?: 'baseline',
): Promise<Row> {
  const path = join(await lab.folder(), 'auth.json')
  await writeFile(path, '{"keep":{"type":"api_key","key":"k"}}', { mode: 0o600 })
  const server = await lab.server({ rotation, gracePeriod: 10_000 })
  await server.weather({ latency: [5, 45], seed: lab.seed })
  await lab.signIn(path, server)
  const reader = await lab.worker()
  await reader.call('observe', { path, entries: ['keep'] })
  const others = who === undefined ? await startOthers(lab, path, 1_500_000) : undefined
  const crew = gather(lab, { path, server, rotation, who, least: lab.size(6, 3) })
  await crew.reach(lab.size(12, 5))
  await murder(lab, crew, wanted)
  const kills = crew.killed.size
  const families = new Set((await server.presentations()).flatMap(({ family }) => family ?? []))
  await crew.end()
  const lost = (await others?.lost()) ?? 0
  const seen = await reader.call<Sightings>('sightings')
  const judged = judgeReuse({
    presentations: await server.presentations(),
    killed: crew.killed,
    generations: seen.generations,
  })
  const stall = longestStall((await server.presentations()).flatMap(({ at, status }) => (status === 200 ? [at] : [])))
  const revoked = rotation === 'grace' ? Math.max(0, families.size - 1) : 0
  JSON.parse(storedText(path))
  const measured =
    `${rotation}: ${judged.refreshed} refreshes, ${judged.unavoidable} unavoidable reuse, ${judged.avoidable.length} avoidable, at most ${judged.most} presentations, ` +
    `${seen.broken} bad of ${seen.reads} reads, ${lost} lost updates, ${crew.signIns()} new sign-ins, longest stall ${ms(stall)}`
  if (who === 'baseline')
    return {
      id: 'C-03',
      n: `${kills} kills`,
      line: 'proper-lockfile (stale 5 s) + temp + rename',
      measured,
      verdict: 'baseline',
    }
  for (const complaint of judged.avoidable) console.log(`  avoidable: ${complaint}`)
  return row(
    'C-03',
    `${kills} kills`,
    rotation === 'strict'
      ? '0 corrupt, 0 lost, 0 avoidable reuse, unavoidable ≤ kills, ≤ 2 presentations each'
      : '0 corrupt, 0 lost, 0 avoidable reuse, 0 families revoked',
    measured,
    judged.refreshed > 0 &&
      judged.avoidable.length === 0 &&
      judged.unavoidable <= kills &&
      (rotation === 'grace' || judged.most <= 2) &&
      seen.broken === 0 &&
      seen.entriesLost === 0 &&
      lost === 0 &&
      revoked === 0,
  )
}

interface Crew {
  readonly killed: Map<string, number>
  /** Brings in new workers until there are so many. */
  reach(size: number): Promise<void>
  /** Kills one of those at work. */
  kill(random: number): Promise<void>
  signIns(): number
  end(): Promise<void>
}

interface Job {
  readonly path: string
  readonly server: Server
  readonly rotation: 'strict' | 'grace'
  readonly who: 'baseline' | undefined
  /** So many must be at work when one is killed. */
  readonly least: number
}

function gather(lab: Lab, job: Job): Crew {
  const killed = new Map<string, number>()
  const alive = new Map<string, Remote>()
  let [hired, signIns] = [0, 0]
  let over = false
  const hire = async (): Promise<void> => {
    const worker = `w${(hired += 1)}`
    const remote = await lab.worker()
    await begin(remote, worker, job)
    alive.set(worker, remote)
  }
  const doorman = (async () => {
    while (!over) {
      // Whoever finds the session over asks for the person, who comes once.
      const asking = [...alive.values()].some((remote) =>
        remote.lines.splice(0).some(({ event }) => event === 'sign_in_required'),
      )
      if (asking) {
        await lab.signIn(job.path, job.server)
        signIns += 1
        for (const remote of alive.values()) remote.lines.splice(0)
      }
      await sleep(20)
    }
  })()
  return {
    killed,
    async reach(size) {
      await Promise.all(Array.from({ length: Math.max(0, size - alive.size) }, hire))
    },
    async kill(random) {
      // On a slow machine the dead are not replaced as quickly as they die; somebody must be at work.
      while (alive.size < job.least) await sleep(10)
      const [worker = '', remote] = [...alive][Math.floor(random * alive.size)] ?? []
      alive.delete(worker)
      killed.set(worker, Date.now())
      remote?.signal('SIGKILL')
      void hire().catch(() => undefined)
    },
    signIns: () => signIns,
    async end() {
      over = true
      await doorman
      await Promise.all([...alive.values()].map((remote) => remote.end()))
    },
  }
}

async function begin(remote: Remote, worker: string, { path, server, rotation, who }: Job): Promise<void> {
  const { origin } = server
  if (who === 'baseline') {
    remote.ask('baseline', { path, origin, worker, stale: 5_000 }, 1_800_000).catch(() => undefined)
    return
  }
  await opened(remote, { origin, path, rotation, worker })
  // Only who is at work can be killed at work.
  await remote.ask('token')
  remote.ask('cycle', { pause: 10 }, 1_800_000).catch(() => undefined)
}

/** Bounded in time too: on a slow machine fewer die, and the report says how many. */
async function murder(lab: Lab, crew: Crew, kills: number): Promise<void> {
  const until = performance.now() + kills * 1_200
  for (let kill = 0; kill < kills && performance.now() < until; kill += 1) {
    await sleep(Math.min(1_000, -150 * Math.log(1 - lab.random())))
    await crew.kill(lab.random())
  }
  // What the last deaths left has to be met too.
  await sleep(1_500)
}

function longestStall(times: readonly number[]): number {
  return Math.max(0, ...times.slice(1).map((at, index) => at - (times[index] ?? at)))
}
