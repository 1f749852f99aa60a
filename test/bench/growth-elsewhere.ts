import { Miniflare } from 'miniflare'
import { bundleNeutral } from '../runtimes/bundle-neutral.ts'
import { evaluate, startPages } from './bench-pages.ts'
import { acts } from './growth-acts.ts'
import { agent, call } from './http-call.ts'
import type { BenchRow } from './part.ts'
import { microseconds, race } from './race.ts'

/** How many accounts there are, and how long they are measured. */
export interface GrowthPlan {
  readonly sizes: readonly number[]
  readonly rounds: number
}

/** The store of pages, in Chromium. */
export async function indexedDBGrowth({ sizes, rounds }: GrowthPlan): Promise<readonly BenchRow[]> {
  const pages = await startPages('growth-page.ts')
  try {
    const page = await pages.open()
    return await evaluate<BenchRow[]>(page, `growth(${JSON.stringify(sizes)}, ${rounds})`, 300)
  } finally {
    await pages.close()
  }
}

/** How many accounts have an object each. Of the others the index has the names only: no object knows another. */
export const objects = 100

/** The store of Workers, in workerd. */
export async function durableObjectGrowth({ sizes, rounds }: GrowthPlan): Promise<readonly BenchRow[]> {
  const miniflare = new Miniflare({
    cf: false,
    workers: [
      {
        name: 'growth',
        modules: true,
        script: await bundleNeutral({ entryPoints: ['test/bench/growth-worker.ts'] }),
        compatibilityDate: '2026-07-30',
        durableObjects: { VAULT: { className: 'TokenVault', useSQLite: true } },
        unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
      },
    ],
  } as ConstructorParameters<typeof Miniflare>[0])
  try {
    const url = await miniflare.unsafeGetDirectURL('growth')
    for (const size of sizes) {
      const answer = await fetch(new URL(`/fill?size=${size}&objects=${objects}`, url))
      if ((await answer.json()) !== size) throw new Error('Not all accounts are there.')
    }
    const rows: BenchRow[] = []
    for (const what of Object.keys(acts)) {
      const racers = sizes.map((size) => {
        const act = new URL(`/act?${new URLSearchParams({ size: `${size}`, act: what }).toString()}`, url)
        return { name: `${what}, ${size} accounts`, run: () => call(act) }
      })
      rows.push(...(await race(racers, { rounds: rounds * 3, batch: 0.001, warmUp: 300, unit: microseconds })))
    }
    return rows
  } finally {
    agent.destroy()
    await miniflare.dispose()
  }
}
