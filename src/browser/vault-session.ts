import { quietly } from '../client/quietly.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { withinTime } from '../stores/within-time.ts'
import type { BrowserClient } from './browser-client.ts'
import { openPageBoard } from './vault-board.ts'
import type { PageBoard } from './vault-board.ts'
import type { VaultClientOptions } from './vault-client.ts'
import { askVault } from './vault-link.ts'
import type { VaultCall, VaultPort } from './vault-link.ts'

/** A worker of any kind. */
export type AnyWorker = VaultPort | SharedVaultWorker

/** A `SharedWorker`. */
export interface SharedVaultWorker {
  readonly port: VaultPort & { start(): void }
}

/** A page's tie to its vault, or to what stands in for it. */
export interface VaultSession {
  /** The client that stands in for the vault, once it is known whether there is one. Errors: `timeout`. */
  fallback(): Promise<BrowserClient | undefined>
  /** The same, as far as is known at once. */
  fallbackAtHand(): BrowserClient | undefined
  /** Asks the vault. Errors: `unsupported`, `timeout`, `aborted`, those of the task. */
  ask(task: string, given?: unknown, signal?: AbortSignal): Promise<unknown>
  /** Does some work with the vault. Errors: `unsupported`, `timeout`, those of the work. */
  reach<T>(work: (vault: VaultPort, call: VaultCall) => Promise<T>): Promise<T>
  readonly board: PageBoard
  dispose(): void
}

/** Ties a page to its vault: at once in a page, else when it is first needed. */
export function openVaultSession(options: VaultClientOptions & { readonly timeout: number }): VaultSession {
  if (typeof options.worker !== 'function') throw new TypeError('worker must be a function that gives a worker.')
  const say = quietly(options.onEvent)
  const { timeout } = options
  const board = openPageBoard(say)
  const stop = new AbortController()
  let standIn: BrowserClient | undefined
  let found: Promise<VaultPort | undefined> | undefined

  const onBoard: VaultCall['onBoard'] = (shown) => {
    // What was said before we listened was said to nobody.
    if (board.show(shown)) look()
  }
  const vault = (): Promise<VaultPort | undefined> => {
    found ??= findVault(options.worker, { timeout, onBoard }).catch(() => {
      standIn = options.fallback?.()
      // Nobody else would ever let it go.
      if (stop.signal.aborted) standIn?.dispose()
      else if (standIn === undefined) board.put({ status: 'signed-out', error: 'unsupported' })
      else mirror(standIn, board)
      say({ type: 'vault-missing', fallback: standIn !== undefined })
      return undefined
    })
    // Some never come: a service worker that could not be registered is never ready. Then it has time to answer.
    return withinTime(found, { what: 'the vault', after: 2 * timeout })
  }

  async function reach<T>(work: (vault: VaultPort, call: VaultCall) => Promise<T>): Promise<T> {
    const port = await vault()
    if (port === undefined) throw new OAuthError('unsupported', { what: 'a worker that keeps the tokens' })
    return work(port, { timeout, onBoard })
  }
  const look = (): void => void reach((port, call) => askVault(port, 'look', call)).catch(() => undefined)

  if ('document' in globalThis) {
    void vault().catch(() => undefined)
    addEventListener('pageshow', ({ persisted }) => persisted && look(), { signal: stop.signal })
  }

  return {
    fallback: async () => ((await vault()) === undefined ? standIn : undefined),
    fallbackAtHand: () => standIn,
    ask: (task, given, signal) => reach((port, call) => askVault(port, task, { ...call, given, signal })),
    reach,
    board,
    dispose() {
      stop.abort()
      board.close()
      standIn?.dispose()
    },
  }
}

function mirror(client: BrowserClient, board: PageBoard): void {
  board.put(client.getSnapshot())
  client.subscribe(() => board.put(client.getSnapshot()))
}

/** Finds the worker, and waits until it has answered, or will not. Rejects where there is none. */
async function findVault(worker: VaultClientOptions['worker'], call: VaultCall): Promise<VaultPort> {
  const made = await worker()
  const port = 'port' in made ? made.port : made
  if ('port' in made) made.port.start()
  const broken = new Promise<never>((_, reject) => {
    if (made instanceof EventTarget)
      made.addEventListener('error', () => reject(new OAuthError('unsupported', { what: 'this worker' })), {
        once: true,
      })
  })
  // One that is only slow may have a session: to go on without it would be to have two.
  const there = askVault(port, 'look', call).catch((error: unknown) => {
    if (!isOAuthError(error) || error.code !== 'timeout') throw error
  })
  await Promise.race([there, broken])
  return port
}
