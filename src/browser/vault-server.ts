import type { ClientOptions, StartOptions } from '../client/client.ts'
import { openClient } from '../client/create-client.ts'
import type { OpenedClient } from '../client/create-client.ts'
import type { GetTokenOptions, TransactionStore } from '../contracts.ts'
import { generateState } from '../core/index.ts'
import { OAuthError } from '../errors.ts'
import { memoryTransactions } from '../stores/memory-transactions.ts'
import { pageTransactions } from '../stores/page-transactions.ts'
import type { BrowserSignOutOptions, BrowserSignOutResult } from './browser-client.ts'
import { answer, fetchFor } from './vault-desk.ts'
import type { VaultVisit } from './vault-desk.ts'
import { forLife } from './vault-life.ts'
import { readQuestion } from './vault-message.ts'
import type { VaultBoard, VaultedRequest, VaultNews } from './vault-message.ts'

/** What a vault needs to know. Where its tokens rest is not among it: what a worker stores, its pages can read. */
export interface VaultOptions extends Omit<ClientOptions, 'clientAuth' | 'store' | 'transactions'> {
  /**
   * Whether pages may have the access token. `'given'` is for libraries that want to send it themselves, and
   * gives it to every script of the page.
   *
   * @default 'kept'
   */
  readonly accessToken?: 'kept' | 'given'
}

/** A question as it comes in. */
export interface VaultEvent {
  readonly data: unknown
  readonly ports: readonly MessagePort[]
}

/**
 * Opens a vault, and gives what hears its questions.
 *
 * Errors: those of `createClient`.
 */
export function openVault(options: VaultOptions): (event: VaultEvent) => Promise<void> {
  const { accessToken = 'kept', ...rest } = options ?? {}
  for (const name of ['store', 'transactions', 'clientAuth']) {
    if (name in rest) throw new TypeError(`A vault takes no ${name}: it is a public client, and stores nothing.`)
  }
  const { put, take, leave } = transactionsOf(rest)
  const opened = openClient({
    ...rest,
    transactions: { keepsKeys: true, put, take },
    onEvent: (event) => {
      tell({ event })
      rest.onEvent?.(event)
    },
  })
  const { board, tell, life } = openBoard(opened)
  const tasks = tasksOf(opened, { leave, take, given: accessToken === 'given' })

  return async ({ data, ports }) => {
    const question = readQuestion(data)
    const [port] = ports
    if (question === undefined || port === undefined) return
    const task = Object.hasOwn(tasks, question.task) ? tasks[question.task] : undefined
    await answer({ port, lock: question.lock, life: life() }, board, async (visit) => {
      if (task === undefined) throw new OAuthError('unsupported', { what: 'this task, by this vault.' })
      return task(question.given as never, visit)
    })
  }
}

/** Keeps sign-ins in memory; but those for which the page leaves, and may take this worker with it. */
function transactionsOf({ clock }: Pick<ClientOptions, 'clock'>): TransactionStore & {
  /** Lets a transaction outlive this worker. */
  leave(state: string): Promise<void>
} {
  const near = memoryTransactions(clock && { clock })
  const far = pageTransactions(clock && { clock })
  return {
    put: near.put,
    take: async (state) => (await near.take(state)) ?? far.take(state),
    async leave(state) {
      const transaction = await near.take(state)
      if (transaction !== undefined) await far.put(transaction)
    },
  }
}

interface OpenedBoard {
  board(): VaultBoard
  tell(news: VaultNews): void
  /** The name of a lock that is held for as long as the vault lives. */
  life(): string | undefined
}

/** What all pages may see, and the channel by which they learn of it. */
function openBoard({ client }: OpenedClient): OpenedBoard {
  const name = `latchkey:vault:${generateState()}`
  const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(name) : undefined
  let version = 0
  const board = (): VaultBoard => ({ channel: name, version, snapshot: client.getSnapshot() })
  const tell = (news: VaultNews): void => channel?.postMessage(news)
  client.subscribe(() => {
    version += 1
    tell({ board: board() })
  })
  return { board, tell, life: forLife(name) }
}

interface TaskSettings {
  leave(state: string): Promise<void>
  take(state: string): Promise<unknown>
  readonly given: boolean
}

type Task = (given: never, visit: VaultVisit) => Promise<unknown>

/** All that a page can ask for. */
function tasksOf(opened: OpenedClient, { leave, take, given }: TaskSettings): Readonly<Record<string, Task>> {
  const { client } = opened
  return {
    look: async () => undefined,
    start: async ({ leaving, ...wishes }: StartOptions & { readonly leaving: boolean }, { signal }) => {
      const { url, state } = await client.start({ ...wishes, signal })
      if (leaving) await leave(state)
      return { url: url.href, state }
    },
    forget: async (state: string) => void (await take(state)),
    finish: (href: string) => client.finish(href),
    fetch: (request: VaultedRequest, visit) => fetchFor(client.fetch, request, visit),
    async getToken(options: GetTokenOptions, { signal }) {
      if (!given) throw new OAuthError('unsupported', { what: 'giving the access token away: the vault keeps it.' })
      const { refreshToken: _kept, idToken: _too, ...tokens } = await client.getToken({ ...options, signal })
      return tokens
    },
    userInfo: (_, { signal }) => client.userInfo({ signal }),
    signOut: (wishes: BrowserSignOutOptions) => signOut(opened, wishes),
  }
}

/**
 * Signs out, and says where the page shall go to end the server's session. Without the ID token that the server
 * might like to see (OpenID Connect RP-Initiated Logout §2): the page would see it too.
 */
async function signOut(
  { client, connection, config }: OpenedClient,
  { endSession = false, postLogoutRedirectUri, ...wishes }: BrowserSignOutOptions,
): Promise<BrowserSignOutResult & { readonly url?: string }> {
  const result = await client.signOut(wishes)
  if (!endSession) return { ...result, endSession: 'skipped' }
  try {
    const { end_session_endpoint: endpoint } = await connection.server()
    if (endpoint === undefined) return { ...result, endSession: 'unsupported' }
    const url = new URL(endpoint)
    url.searchParams.set('client_id', config.clientId)
    if (postLogoutRedirectUri !== undefined) url.searchParams.set('post_logout_redirect_uri', postLogoutRedirectUri)
    return { ...result, endSession: 'leaving', url: url.href }
  } catch {
    return { ...result, endSession: 'failed' }
  }
}
