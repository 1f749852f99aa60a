import { build } from 'esbuild'
import { readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { fileStore } from '../../src/stores/file.node.ts'
import { firstChunk, spawnProgram } from '../runtimes/spawn-program.ts'
import type { Job, Witness } from './contender.ts'
import type { BenchTable } from './part.ts'
import { named } from './peers.ts'
import { quantile, spreadOf } from './spread.ts'
import { startTokenServer } from './start-token-server.ts'
import { cachedTokens } from './stub-client.ts'

const processes = 16

/** Sixteen processes that do nothing but take the lock again and again, adding one each time. */
export async function contention(folder: string, times: number): Promise<BenchTable> {
  const own = await contest({ kind: 'ours', path: join(folder, 'ours.json'), times })
  const peer = await contest({ kind: 'proper-lockfile', path: join(folder, 'theirs.json'), times })
  const quotient = own.total / peer.total
  const sides = [
    ['fileStore', own],
    [named('proper-lockfile', 'polling each 1–10 ms'), peer],
  ] as const
  return {
    title: `${processes} processes × ${times} times lock, read, add one, write, sync, rename, unlock: the wait for the lock`,
    unit: 'ms',
    rows: sides.map(([name, side]) => ({ name, took: spreadOf(side.waits) })),
    notes: sides.map(([name, side]) => `${name}: ${side.said}`),
    budgets: [
      {
        what: 'all together take at most 0.5 × proper-lockfile',
        measured: `${quotient.toFixed(2)} ×`,
        holds: quotient <= 0.5,
      },
      { what: 'the wait at p99 is at most 60 ms', measured: `${own.late.toFixed(0)} ms`, holds: own.late <= 60 },
      { what: 'Jain’s fairness is at least 0.9', measured: own.fairness.toFixed(2), holds: own.fairness >= 0.9 },
      { what: 'no update is lost', measured: `${own.lost} lost`, holds: own.lost === 0 },
    ],
  }
}

interface Contest {
  readonly total: number
  readonly waits: readonly number[]
  readonly late: number
  readonly fairness: number
  readonly lost: number
  readonly said: string
}

async function contest(job: Exclude<Job, { kind: 'token' }>): Promise<Contest> {
  const { path, times } = job
  await fileStore({ path }).update('example', () => ({ tokens: { ...cachedTokens, expiresAt: 1 } }))
  const { began, witnesses } = await together(job)
  const all = witnesses.map(({ ends }) => ends)
  const total = Math.max(...all.flat()) - began
  const first = Math.min(...all.map((ends) => ends.at(-1) ?? Infinity))
  const done = all.map((ends) => ends.filter((end) => end <= first).length)
  const waits = witnesses.flatMap((witness) => witness.waits)
  const late = quantile(
    waits.toSorted((a, b) => a - b),
    0.99,
  )
  const stored = JSON.parse(readFileSync(path, 'utf8')) as { readonly example: { readonly expires: number } }
  const lost = processes * times + 1 - stored.example.expires
  const fairness = done.reduce((a, b) => a + b) ** 2 / (processes * done.reduce((sum, one) => sum + one * one, 0))
  const said = `${total.toFixed(0)} ms in all, wait at p99 ${late.toFixed(0)} ms, at most ${Math.max(...waits).toFixed(0)} ms, Jain ${fairness.toFixed(2)}, ${lost} updates lost`
  return { total, waits, late, fairness, lost, said }
}

/** Sixteen processes meet one expired token, whose refresh takes 300 ms. */
export async function stampede(folder: string, rounds: number): Promise<BenchTable> {
  const delay = 300
  const lags: number[] = []
  let most = 0
  for (let round = 0; round < rounds; round++) {
    const path = join(folder, `expired${round}.json`)
    await fileStore({ path }).update('example', () => ({ tokens: { ...cachedTokens, expiresAt: 1 } }))
    const server = await startTokenServer(delay)
    try {
      const { witnesses } = await together({ kind: 'token', path, origin: server.origin })
      const ends = witnesses.flatMap((witness) => witness.ends)
      const first = Math.min(...ends)
      lags.push(Math.max(...ends) - first)
      most = Math.max(most, Number(await (await fetch(`${server.origin}/count`)).text()))
    } finally {
      await server.end()
    }
  }
  const took = spreadOf(lags)
  return {
    title: `${processes} processes and one expired token, whose refresh takes ${delay} ms`,
    unit: 'ms',
    rows: [{ name: 'from the first process with the new token to the last', took }],
    budgets: [
      { what: 'one refresh', measured: `at most ${most}`, holds: most === 1 },
      {
        what: 'the last is at most 35 ms after the first',
        measured: `${took.median.toFixed(0)} ms`,
        holds: took.median <= 35,
      },
    ],
  }
}

/** Lets as many processes go at the same moment. */
async function together(job: Job): Promise<{ readonly began: number; readonly witnesses: readonly Witness[] }> {
  // One file, which starts sooner; in a folder from which the peer is found.
  const path = resolve(`.tmp/bench-contender-${process.pid}.mjs`)
  const entryPoints = [fileURLToPath(new URL('contender.ts', import.meta.url))]
  await build({ entryPoints, outfile: path, bundle: true, platform: 'node', format: 'esm', target: 'node24' })
  const programs = Array.from({ length: processes }, () =>
    spawnProgram(process.execPath, [path, JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  try {
    const outputs = programs.map(({ child: { stdout } }) => stdout ?? process.stdin)
    const ready = (output: NodeJS.ReadableStream): Promise<string> => firstChunk(output)
    await Promise.all(outputs.map(ready))
    const began = performance.timeOrigin + performance.now()
    for (const { child } of programs) child.stdin?.write('go\n')
    const told = await Promise.all(outputs.map((output) => text(output)))
    return { began, witnesses: told.map((line) => JSON.parse(line) as Witness) }
  } finally {
    await Promise.all(programs.map(({ end }) => end()))
    rmSync(path, { force: true })
  }
}
