import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
