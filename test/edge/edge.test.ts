import { describe, expect, it } from 'vitest'
import type { EdgePart } from './part.ts'
import { proxyPaths } from './proxy-paths.ts'
import { speed } from './speed.ts'
import { stores } from './stores.ts'

async function failing(part: EdgePart): Promise<readonly string[]> {
  const rows = await part({ short: true })
  expect(rows.length).toBeGreaterThan(0)
  return rows.filter(({ holds }) => !holds).map(({ what, measured }) => `${what}: ${measured}`)
}

describe('the edge in workerd', () => {
  it('sends nothing upstream but what the rules allow', async () => {
    expect(await failing(proxyPaths)).toEqual([])
  }, 120_000)

  it('refreshes once for a crowd of isolates, through crashes of the object, and frees the locks of the dead', async () => {
    expect(await failing(stores)).toEqual([])
  }, 120_000)

  // What a process holds in memory is looked up where Linux tells it.
  it.runIf(process.platform === 'linux')(
    'streams both ways in constant memory, in order, at once, and ends with its callers',
    async () => {
      expect(await failing(speed)).toEqual([])
    },
    120_000,
  )
})
