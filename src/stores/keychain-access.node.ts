import { isOAuthError, OAuthError } from '../errors.ts'
import type { KeychainBackend } from './keychain-backend.node.ts'
import { withinTime } from './within-time.ts'

/** A keychain that answers in time, with our errors, to one question after the other. */
export interface KeychainAccess {
  maxLength(): Promise<number>
  get(name: string): Promise<string | undefined>
  set(name: string, secret: string): Promise<void>
  delete(name: string): Promise<void>
  /** Whether something that was begun has not ended: a person may be looking at a question on their screen. */
  busy(): boolean
  /** When all that was begun has ended, which may be never. Never rejects. */
  settled(): Promise<void>
}

/** How to come to a keychain. */
export interface KeychainPlace {
  readonly backend: () => Promise<KeychainBackend>
  readonly service: string
  /** How long one question may take, in milliseconds. */
  readonly timeout: number
}

export function keychainAccess({ backend, service, timeout }: KeychainPlace): KeychainAccess {
  let found: Promise<KeychainBackend> | undefined
  let last: Promise<void> = Promise.resolve()
  let open = 0

  /** What nobody waits for any more when its turn comes is not begun. */
  async function ask<T>(kind: Kind, question: (keychain: KeychainBackend) => Promise<T>): Promise<T> {
    const turn = { over: false }
    open += 1
    const answer = last.then(async () => {
      if (turn.over) throw new OAuthError('aborted', {})
      found ??= backend()
      const keychain = await found.catch((error: unknown) => {
        found = undefined
        throw error
      })
      return question(keychain)
    })
    const end = (): void => {
      open -= 1
    }
    last = answer.then(end, end)
    try {
      return await withinTime(answer, { what: 'the keychain', after: timeout })
    } catch (error) {
      turn.over = true
      throw keychainFailure(error, kind)
    }
  }

  return {
    maxLength: () => ask('read', async (keychain) => keychain.maxLength ?? Number.POSITIVE_INFINITY),
    get: (name) => ask('read', async (keychain) => keychain.get(service, name)),
    set: (name, secret) => ask('write', async (keychain) => keychain.set(service, name, secret)),
    delete: (name) => ask('write', async (keychain) => keychain.delete(service, name)),
    busy: () => open > 0,
    settled: () => last,
  }
}

type Kind = 'read' | 'write'

/** What the keychains' messages look like, by what a person has to do. */
const absent = /d-?bus|connection is closed|serviceunknown|not provided by any|no default (?:store|credential)/i
const locked = /locked|dismissed|prompt|interaction|cancell?ed/i
const denied = /denied|couldn't access|not permitted|permission|auth/i

/** Makes a keychain's error ours. Its message may hold what it was to keep, and is never repeated. */
function keychainFailure(error: unknown, kind: Kind): unknown {
  if (isOAuthError(error)) return error
  const text = error instanceof Error ? error.message : ''
  const where = 'The keychain'
  if (locked.test(text)) return new OAuthError('store_denied', { where, reason: 'it is locked, and was not unlocked' })
  if (absent.test(text)) return new OAuthError('unsupported', { what: 'the keychain: no service for it is running' })
  if (kind === 'write' && !denied.test(text)) return new OAuthError('persist_failed', { where, reason: 'it refused' })
  return new OAuthError('store_denied', { where, reason: 'it refused' })
}
