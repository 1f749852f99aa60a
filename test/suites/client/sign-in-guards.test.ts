import { expect, it } from 'vitest'

import type { Transaction, TransactionStore } from '../../../src/index.ts'
import { redirectUri, rig } from './rig.ts'

it('asks nobody for a callback when its store gives the transaction of another state', async () => {
  let pending: Transaction | undefined
  const careless: TransactionStore = {
    put: async (transaction) => {
      pending = transaction
    },
    take: async () => pending,
  }
  const { another } = rig({ client: { transactions: careless } })
  const { state } = await another().start()
  expect(pending?.state).toBe(state)
  const asked: string[] = []
  const client = another({
    fetch: async (input) => {
      asked.push(String(input))
      throw new TypeError('nobody is there')
    },
  })
  const forged = `${redirectUri}?code=forged&state=${'x'.repeat(43)}`
  await expect(client.finish(forged)).rejects.toMatchObject({ code: 'state_mismatch', detail: { reason: 'unknown' } })
  expect(asked).toEqual([])
})
