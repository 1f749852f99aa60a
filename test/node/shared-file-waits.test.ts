import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/index.ts'
import type { StoredRecord } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { lockDirectory } from '../../src/stores/directory-lock.node.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { beginWait } from '../../src/stores/lock-wait.node.ts'
import { createAuthorizationServer } from '../../src/testing/index.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shared-file-waits-'))
  path = join(directory, 'auth.json')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const record = (accessToken: string, expiresAt: number): StoredRecord => ({
  tokens: { accessToken, refreshToken: `r-${accessToken}`, tokenType: 'Bearer', expiresAt },
})

/** Writes as another program does that has the lock. */
async function exchange(text: string): Promise<void> {
  await writeFile(`${path}.other`, text)
  await rename(`${path}.other`, path)
}

describe('a file that several processes share', () => {
  it('serves all who wait for its lock as soon as the new token is in it', async () => {
    const server = createAuthorizationServer()
    const client = (): ReturnType<typeof createClient> =>
      createClient({
        provider: oauth2({ id: 'example', endpoints: { token: `${server.issuer}/token` } }),
        clientId: 'app',
        store: fileStore({ path }),
        fetch: server.fetch,
      })
    await fileStore({ path }).update('example', () => record('old', 1))
    const text = await readFile(path, 'utf8')
    const fresh = text.replaceAll('"old"', '"new"').replace(/("expires": ?)1\b/, `$1${Date.now() + 3_600_000}`)
    // Not through the store, which lets those of one process wait in a line of their own.
    const lock = await lockDirectory(`${path}.lock`, beginWait({ timeout: 1000 }))
    const asked = Promise.all([client().getAccessToken(), client().getAccessToken()])
    await sleep(300)
    await exchange(fresh)
    expect(await Promise.race([asked, sleep(5000, 'they wait', { ref: false })])).toEqual(['new', 'new'])
    expect(lock.stillHeld()).toBe(true)
    lock.release()
    expect(server.history.count({ endpoint: 'token' })).toBe(0)
  })

  it('is seen to change at once, also by one who never pauses', async () => {
    const store = fileStore({ path })
    await store.update('slot', () => record('0', 1))
    const text = await readFile(path, 'utf8')
    let told = 0
    const stop = store.watch?.('slot', () => told++)
    await sleep(100)
    for (let change = 1; change <= 60 && told === 0; change++) {
      await exchange(text.replace('"0"', `"${change}"`))
      await sleep(15)
    }
    expect(told).toBeGreaterThan(0)
    stop?.()
  })

  it('is seen to come by one who watched before there was a folder, and to go and come with it', async () => {
    const folder = join(directory, 'not', 'yet')
    const store = fileStore({ path: join(folder, 'auth.json') })
    let heard = (): void => undefined
    const next = (): Promise<unknown> => {
      const told = new Promise<string>((resolve) => (heard = () => resolve('told')))
      return Promise.race([told, sleep(5000, 'nothing', { ref: false })])
    }
    const stop = store.watch?.('slot', () => heard())
    await sleep(100)
    for (const change of ['1', '2']) {
      const came = next()
      await store.update('slot', () => record(change, 1))
      expect(await came).toBe('told')
      const left = next()
      await rm(folder, { recursive: true })
      expect(await left).toBe('told')
      await sleep(100)
    }
    stop?.()
  })
})
