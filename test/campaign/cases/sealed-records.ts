import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../../../src/contracts.ts'
import { isOAuthError } from '../../../src/errors.ts'
import { encryptedStore } from '../../../src/stores/encrypted.ts'
import { fileStore } from '../../../src/stores/file.node.ts'
import { row } from '../rig/report.ts'
import type { Case } from './case.ts'
import { spread } from './sudden-end-at-each-call.ts'

type Auth = Record<string, Record<string, unknown>>

const record = (name: string) =>
  ({
    tokens: { accessToken: `SECRET-a-${name}`, tokenType: 'Bearer', refreshToken: `SECRET-r-${name}`, expiresAt: 5 },
  }) as const

/** Somebody changes, exchanges or replaces what lies encrypted in a file. */
export const sealedRecords: Case = {
  id: 'C-24',
  async run(lab) {
    const path = join(await lab.folder(), 'auth.json')
    const file = fileStore({ path })
    const keys = [1, 2].map((fill) => new Uint8Array(32).fill(fill))
    const [store, stranger] = keys.map((key) => encryptedStore(file, { key })) as [Store, Store]
    for (const name of ['one', 'two']) await store.update(name, () => record(name))
    const text = await readFile(path, 'utf8')
    const auth = JSON.parse(text) as Auth
    const clear = text.includes('SECRET')
    const [place = '', envelope = ''] = Object.entries(auth['one'] ?? {}).find(([, value]) =>
      String(value).startsWith('latchkey1.'),
    ) as [string, string]
    const forged = [...changes(envelope)].map((value) => ({ ...auth, one: { ...auth['one'], [place]: value } }))
    const exchanged = { ...auth, one: auth['two'] ?? {}, two: auth['one'] ?? {} }
    const inClear = { ...auth, one: { type: 'oauth', access: 'planted', refresh: 'planted', expires: 5 } }
    const cases = [...spread(forged, lab.size(5_000, 60)), exchanged, inClear]
    let [refused, overwritten] = [0, 0]
    for (const one of cases) {
      const planted = JSON.stringify(one)
      await writeFile(path, planted)
      if (await refuses(store)) refused += 1
      if ((await readFile(path, 'utf8')) !== planted) overwritten += 1
    }
    await writeFile(path, text)
    if (await refuses(stranger)) refused += 1
    const wanted = cases.length + 1
    const good = (await store.get('one'))?.tokens.refreshToken === 'SECRET-r-one'
    return [
      row(
        'C-24',
        `${wanted} changes`,
        '100 % refused, nothing in clear, nothing overwritten',
        `${refused} of ${wanted} refused, ${overwritten} overwritten, ${clear ? 'in clear' : 'nothing in clear'}, the true one ${good ? 'opens' : 'does not open'}`,
        refused === wanted && overwritten === 0 && !clear && good,
      ),
    ]
  },
}

/** Every character changed, and the text cut, lengthened, of an older version and empty. */
function* changes(envelope: string): Generator<string> {
  const start = envelope.indexOf('.') + 1
  const bytes = Buffer.from(envelope.slice(start), 'base64url')
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes)
    changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8))
    yield envelope.slice(0, start) + changed.toString('base64url')
  }
  yield envelope.slice(0, -8)
  yield `${envelope}AAAA`
  yield envelope.replace('latchkey1.', 'latchkey0.')
}

async function refuses(store: Store): Promise<boolean> {
  const deeds = [
    () => store.get('one'),
    () => store.update('one', () => record('new')),
    () => store.update('one', () => undefined),
  ]
  for (const deed of deeds) {
    const error: unknown = await deed().then(
      () => 'done',
      (reason: unknown) => reason,
    )
    if (!isOAuthError(error) || error.code !== 'store_corrupt') return false
  }
  return true
}
