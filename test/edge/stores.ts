import type { EdgeRow, PartOptions } from './part.ts'
import { accounts, type Asked, type Edge, type EdgeVariant, startEdge, usual, variants } from './start-edge.ts'

/** Isolates of one Worker, which share nothing but the objects. */
const isolates = 4

/** How much is done. */
interface Size {
  readonly rounds: number
  /** Requests of one account at once. Each has a client of its own, as if it were in an isolate of its own. */
  readonly atOnce: number
}

/** What tokens live through behind a Worker, over Durable Objects, and over KV with one as its coordinator. */
export async function stores({ short }: PartOptions): Promise<readonly EdgeRow[]> {
  const rows: EdgeRow[] = []
  for (const variant of short ? [usual] : variants) rows.push(...(await underVariant(variant, short)))
  return rows
}

async function underVariant(variant: EdgeVariant, short: boolean): Promise<readonly EdgeRow[]> {
  const edge = await startEdge(variant, isolates)
  const name = `${variant.compatibilityDate}${variant.nodeCompat ? ' nodejs_compat' : ''}`
  try {
    const rows: EdgeRow[] = []
    const size = short ? { rounds: 5, atOnce: 40 } : { rounds: 20, atOnce: 200 }
    for (const account of Object.keys(accounts)) rows.push(await rounds(edge, account, size))
    rows.push(await kvAlone(edge), await deadHolder(edge))
    return rows.map((row) => ({ ...row, what: `${name}: ${row.what}` }))
  } finally {
    await edge.close()
  }
}

/** Many requests at once with an expired token, again and again; in every fifth round the object crashes meanwhile. */
async function rounds(edge: Edge, account: string, { rounds: count, atOnce }: Size): Promise<EdgeRow> {
  const query = `store=${(accounts as Readonly<Record<string, string>>)[account]}&account=${account}`
  const { history } = edge.server
  const bad: string[] = []
  let crashes = 0
  const began = performance.now()
  for (let round = 0; round < count; round++) {
    await edge.ask('expire', { query })
    const before = history.filter({ grant: 'refresh_token' }).length
    const hold = edge.server.faults.hold('token')
    const all = Promise.all(
      Array.from({ length: atOnce }, (_, index) => edge.ask('token', { query, isolate: index % isolates })),
    )
    await hold.arrived
    if (round % 5 === 4) {
      crashes++
      await edge.ask('crash', { query })
    }
    hold.release()
    const problem = judge(await all, history.filter({ grant: 'refresh_token' }).slice(before))
    if (problem !== undefined) bad.push(`round ${round}: ${problem}`)
  }
  const repeats = history.filter({ grant: 'refresh_token' }).filter(({ repeat }) => repeat === true).length
  const seconds = ((performance.now() - began) / 1000 / count).toFixed(2)
  return {
    what: `${atOnce} requests of ${isolates} isolates, ${placeOf(account)}: one refresh in each round`,
    measured: `${count} rounds, ${crashes} with a crash, ${repeats} refresh tokens shown twice, ${seconds} s a round ${bad.join('; ')}`,
    holds: bad.length === 0 && repeats === 0 && crashes === Math.floor(count / 5),
  }
}

function judge(all: readonly Asked[], shown: readonly { readonly repeat?: boolean }[]): string | undefined {
  const failed = all.filter(({ gives }) => typeof gives !== 'string')
  if (failed.length > 0) return `${failed.length} failed with ${String(failed[0]?.code ?? failed[0]?.message)}`
  if (shown.length !== 1) return `${shown.length} refreshes`
  const different = new Set(all.map(({ gives }) => gives)).size
  return different === 1 ? undefined : `${different} different tokens`
}

function placeOf(account: string): string {
  return { sealed: 'sealed in Durable Objects', kv: 'in KV with a coordinator' }[account] ?? 'in Durable Objects'
}

async function kvAlone(edge: Edge): Promise<EdgeRow> {
  const { code = 'nothing', message = '' } = await edge.ask('refused')
  const both = message.includes('Durable Object') && message.includes('KV with one as its coordinator')
  return {
    what: 'KV alone is refused where refresh tokens rotate, and the error names both ways out',
    measured: code,
    holds: code === 'config' && both,
  }
}

/** Whoever holds a lock dies in the middle of the task. */
async function deadHolder(edge: Edge): Promise<EdgeRow> {
  const query = 'account=held&timeout=20000'
  const dying = edge.ask('die', { query: `${query}&ms=1000` })
  await taken(edge, 'account=held')
  await dying
  const began = performance.now()
  const said = await edge.ask('hold', { isolate: 1, query: `${query}&ms=0` })
  const ms = performance.now() - began
  return {
    what: 'a lock whose holder has died is free again within 4 s',
    measured: said.code ?? `${ms.toFixed(0)} ms`,
    holds: said.code === undefined && ms < 4000,
  }
}

async function taken(edge: Edge, account: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { code } = await edge.ask('hold', { isolate: 1, query: `${account}&ms=0&timeout=0` })
    if (code === 'lock_timeout') return
  }
  throw new Error('Nobody took the lock.')
}
