import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isOAuthError } from '../../../src/errors.ts'
import type { KeychainBackend } from '../../../src/stores/keychain-backend.node.ts'
import { keychainStore } from '../../../src/stores/keychain.node.ts'
import { row } from '../rig/report.ts'
import { ms } from '../rig/statistics.ts'
import type { Case } from './case.ts'

const record = { tokens: { accessToken: 'SECRET-a', tokenType: 'Bearer', refreshToken: 'SECRET-r' } } as const
const silence = new Promise<never>(() => undefined)

interface Trouble {
  readonly name: string
  backend(items: Map<string, string>): KeychainBackend
}

const good = (items: Map<string, string>): KeychainBackend => ({
  get: async (_service, name) => items.get(name),
  set: async (_service, name, secret) => void items.set(name, secret),
  delete: async (_service, name) => void items.delete(name),
})

const refuse = async (): Promise<never> => {
  throw new Error('the keychain is locked: SECRET-a')
}

const troubles: readonly Trouble[] = [
  { name: 'locked', backend: () => ({ get: refuse, set: refuse, delete: refuse }) },
  { name: 'silent', backend: () => ({ get: () => silence, set: () => silence, delete: () => silence }) },
  {
    name: 'cut',
    backend: (items) => ({ ...good(items), get: async (_service, name) => items.get(name)?.slice(0, 20) }),
  },
  { name: 'forgetful', backend: (items) => ({ ...good(items), set: async () => undefined }) },
]

/** The keychain is locked, silent, or gives back half. */
export const troubledKeychain: Case = {
  id: 'C-25',
  async run(lab) {
    const timeout = 400
    const bad: string[] = []
    const told: string[] = []
    let [slowest, plain] = [0, 0]
    for (const trouble of troubles) {
      const lockDirectory = await lab.folder()
      const items = new Map<string, string>()
      const sound = keychainStore({ service: 'campaign', backend: good(items), lockDirectory })
      if (trouble.name === 'cut') await sound.update('one', () => record)
      const store = keychainStore({ service: 'campaign', backend: trouble.backend(items), timeout, lockDirectory })
      const began = performance.now()
      const error: unknown = await store
        .update('one', (current) => ({ ...current, ...record }))
        .then(
          () => 'written',
          (reason: unknown) => reason,
        )
      slowest = Math.max(slowest, performance.now() - began)
      if (!isOAuthError(error) || `${error.stack} ${String(error.cause)}`.includes('SECRET')) bad.push(trouble.name)
      else told.push(`${trouble.name}: ${error.code}`)
      for (const name of await readdir(lockDirectory)) {
        const text = await readFile(join(lockDirectory, name), 'utf8').catch(() => '')
        if (text.includes('SECRET')) plain += 1
      }
    }
    return [
      row(
        'C-25',
        troubles.length,
        'typed error ≤ the timeout (+ 1 s here), no file in clear',
        `${told.join(', ')}; ${bad.length} untyped${bad.map((name) => ` (${name})`).join('')}, slowest ${ms(slowest)}, ${plain} files in clear`,
        bad.length === 0 && plain === 0 && slowest <= 2 * timeout + 1_000,
      ),
    ]
  },
}
