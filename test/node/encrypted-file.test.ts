import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { type OpenedStore, storeContract } from '../contracts/store.ts'

const open = async (): Promise<OpenedStore> => {
  const directory = await mkdtemp(join(tmpdir(), 'encrypted-'))
  const path = join(directory, 'auth.json')
  const key = randomBytes(32)
  return {
    store: encryptedStore(fileStore({ path }), { key }),
    again: async () => encryptedStore(fileStore({ path }), { key }),
    destroy: () => rm(directory, { recursive: true, force: true }),
  }
}

storeContract('encrypted, over a file', open, { increments: 60 })

it('leaves no token in the file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'encrypted-'))
  try {
    const path = join(directory, 'auth.json')
    const store = encryptedStore(fileStore({ path }), { key: randomBytes(32) })
    await store.update('provider', () => ({
      tokens: { accessToken: 'SECRET-1', refreshToken: 'SECRET-2', tokenType: 'Bearer' },
      account: { accountId: 'SECRET-3' },
    }))
    expect(await readFile(path, 'utf8')).not.toContain('SECRET')
    expect((await store.get('provider'))?.account).toEqual({ accountId: 'SECRET-3' })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})
