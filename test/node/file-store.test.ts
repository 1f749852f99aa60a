import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { fileStore } from '../../src/stores/file.node.ts'
import { storeContract } from '../contracts/store.ts'

storeContract('file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  const path = join(directory, 'auth.json')
  return {
    store: fileStore({ path }),
    again: async () => fileStore({ path }),
    destroy: () => rm(directory, { recursive: true, force: true }),
  }
})

it('the file store serves those of one process in the order they came', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  const path = join(directory, 'auth.json')
  const order: number[] = []
  const all: Promise<unknown>[] = []
  for (let turn = 0; turn < 8; turn += 1) {
    const task = async (): Promise<void> => {
      order.push(turn)
      await sleep(60)
    }
    all.push(fileStore({ path }).lock('slot', task, { timeout: 10_000 }))
    await sleep(10)
  }
  await Promise.all(all)
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  await rm(directory, { recursive: true })
})
