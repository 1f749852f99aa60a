import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { StoredRecord } from '../../src/contracts.ts'
import { isOAuthError } from '../../src/errors.ts'
import { type KeychainBackend, systemKeychain } from '../../src/stores/keychain-backend.node.ts'
import { keychainStore } from '../../src/stores/keychain.node.ts'
import { type OpenedStore, storeContract } from '../contracts/store.ts'
import { type KeyringSession, missing, startKeyring } from './keyring-session.ts'

const record = (accessToken: string): StoredRecord => ({ tokens: { accessToken, tokenType: 'Bearer' } })
const noPackage = async (): Promise<undefined> => undefined

// A keychain writes to the disk each time.
vi.setConfig({ testTimeout: 60_000 })

let services = 0

async function open(backend: () => Promise<KeychainBackend> | undefined): Promise<OpenedStore> {
  services += 1
  const lockDirectory = await mkdtemp(join(tmpdir(), 'keychain-'))
  const given = await backend()
  const options = { service: `test-${services}`, lockDirectory, ...(given !== undefined && { backend: given }) }
  return {
    store: keychainStore(options),
    again: async () => keychainStore(options),
    destroy: () => rm(lockDirectory, { recursive: true, force: true }),
  }
}

describe.skipIf(missing !== undefined)(`a real keychain ${missing ?? ''}`, () => {
  let session: KeyringSession | undefined

  beforeAll(async () => {
    session = await startKeyring()
  })
  afterAll(() => session?.end())

  const contract = { watches: false, increments: 20 }
  storeContract('Secret Service', () => open(() => undefined), contract)
  if ('Bun' in globalThis) storeContract('Bun.secrets', () => open(() => systemKeychain(noPackage)), contract)

  it('takes what is too long for one item', async () => {
    const { store, destroy } = await open(async () => ({ ...(await systemKeychain()), maxLength: 1200 }))
    for (const length of [3000, 10, 2500]) {
      await store.update('slot', () => record('x'.repeat(length)))
      expect(await store.get('slot')).toEqual(record('x'.repeat(length)))
    }
    await destroy()
  })

  it('puts no token into an argument, an environment or a file', async () => {
    const { store, destroy } = await open(() => undefined)
    const secret = `SECRET-${crypto.randomUUID()}`
    let watching = true
    let looks = 0
    const watch = (async () => {
      while (watching) {
        for (const pid of await readdir('/proc')) {
          if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
          const texts = await Promise.all(
            ['cmdline', 'environ'].map((name) => readFile(join('/proc', pid, name), 'utf8').catch(() => '')),
          )
          if (texts.join().includes(secret)) return `seen in process ${pid}`
        }
        looks += 1
      }
      return 'not seen'
    })()
    for (let round = 0; round < 10 || looks < 3; round += 1) await store.update('slot', () => record(secret + round))
    watching = false
    expect(await watch).toBe('not seen')
    await destroy()
  })

  it('is told by a typed error when it is locked, and when it is gone', async () => {
    const lockDirectory = await mkdtemp(join(tmpdir(), 'keychain-'))
    const store = keychainStore({ service: 'locked', lockDirectory, timeout: 5_000 })
    await store.update('slot', () => record('at'))
    session?.lock()
    expect(await codeOf(store.get('slot'))).toBe('store_denied')
    expect(await codeOf(store.update('slot', () => record('new')))).toBe('store_denied')
    expect(await codeOf(store.update('other', () => record('new')))).toBe('store_denied')
    await session?.end()
    session = undefined
    expect(await codeOf(keychainStore({ service: 'gone', lockDirectory }).get('slot'))).toBe('unsupported')
    await rm(lockDirectory, { recursive: true, force: true })
  })
})

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it resolved',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )
}
