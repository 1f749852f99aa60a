import type { Transaction, TransactionStore } from '../contracts.ts'
import { configError } from '../errors.ts'
import { writeCookie } from './cookies.ts'
import type { CookieRules } from './cookies.ts'
import { freshMap } from './fresh-map.ts'
import type { FreshMap } from './fresh-map.ts'
import { cookieName, isSecure } from './sessions.ts'
import type { Sessions } from './sessions.ts'
import type { Visit } from './visit.ts'
import type { WorkerConfig } from './worker-config.ts'

/** The sign-ins that a browser has begun and not finished, as it holds them itself. */
export interface PendingSignIns {
  /** The transaction of `state`, if this browser began it, and did not finish it in this isolate. */
  find(visit: Visit, state: string): Promise<Transaction | undefined>
  all(visit: Visit): Promise<readonly Transaction[]>
  /** A transaction store made of one request's cookies. */
  storeOf(visit: Visit): TransactionStore
}

/** How many sign-ins one browser may have begun. One more, and the oldest is forgotten. */
const limit = 4

/** The longest name and value of a cookie that all browsers keep, with room for its attributes. */
const longest = 3900

/**
 * Keeps pending sign-ins in encrypted cookies of the browser that began them, one for each: whoever else comes
 * back with their `state` has no cookie, and gets nothing.
 *
 * `take` is once in an isolate; elsewhere the server, which takes a code once, has the last word.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7.1 RFC 9700, section 4.7.1}
 */
export function pendingSignIns(config: WorkerConfig, { seal }: Pick<Sessions, 'seal'>): PendingSignIns {
  const parts: Parts = {
    seal,
    prefix: cookieName(config, '.signin.'),
    secure: isSecure(config),
    taken: freshMap({ clock: config.client.clock, freshFor: 3_600_000 }),
  }
  return {
    find: (visit, state) => find(parts, visit, state),
    async all(visit) {
      const names = namesIn(parts, visit).slice(-2 * limit)
      const transactions = await Promise.all(names.map((name) => open(parts, visit, name)))
      return transactions.filter((one) => one !== undefined)
    },
    storeOf: (visit) => ({
      put: (transaction) => put(parts, visit, transaction),
      take: (state) => take(parts, visit, state),
    }),
  }
}

interface Parts extends Pick<Sessions, 'seal'> {
  readonly prefix: string
  readonly secure: boolean
  /** The states of sign-ins that were finished here. */
  readonly taken: FreshMap<true>
}

async function find(parts: Parts, visit: Visit, state: string): Promise<Transaction | undefined> {
  const ending = `.${await nameOf(state)}`
  const name = namesIn(parts, visit).find((one) => one.endsWith(ending))
  const transaction = name === undefined ? undefined : await open(parts, visit, name)
  return transaction?.state === state ? transaction : undefined
}

async function open({ seal, taken }: Parts, visit: Visit, name: string): Promise<Transaction | undefined> {
  const members = await seal.open('transaction', visit.cookies().get(name) ?? '')
  const { state, slot, redirectUri } = members ?? {}
  if (typeof state !== 'string' || typeof slot !== 'string' || typeof redirectUri !== 'string') return undefined
  // Sealed by us: its other members are what they were when it was put here.
  return taken.get(state) === true ? undefined : (members as unknown as Transaction)
}

async function put(parts: Parts, visit: Visit, transaction: Transaction): Promise<void> {
  const { state, startedAt, expiresAt } = transaction
  const name = await cookieOf(parts, transaction)
  const text = await parts.seal.seal('transaction', transaction)
  if (name.length + text.length > longest) {
    throw configError('the sign-in does not fit into a cookie; ask for fewer scopes.')
  }
  const others = namesIn(parts, visit).filter((one) => one !== name)
  for (const oldest of others.slice(0, Math.max(0, others.length + 1 - limit))) forget(parts, visit, oldest)
  visit.setCookies.set(name, writeCookie(rulesOf(parts, name), text, expiresAt - startedAt))
  parts.taken.delete(state)
}

async function take(parts: Parts, visit: Visit, state: string): Promise<Transaction | undefined> {
  const transaction = await find(parts, visit, state)
  // Nothing is waited for between the look and the mark: of two callers one gets it.
  if (transaction === undefined || parts.taken.get(state) === true) return undefined
  parts.taken.set(state, true)
  forget(parts, visit, await cookieOf(parts, transaction))
  return transaction
}

function forget(parts: Parts, visit: Visit, name: string): void {
  visit.setCookies.set(name, writeCookie(rulesOf(parts, name), '', 0))
}

/** Lax: the person comes back from another site. */
function rulesOf({ secure }: Parts, name: string): CookieRules {
  return { name, sameSite: 'Lax', secure }
}

/** The oldest first. */
function namesIn({ prefix }: Parts, visit: Visit): string[] {
  return [...visit.cookies().keys()].filter((name) => name.startsWith(prefix)).sort()
}

async function cookieOf({ prefix }: Parts, { startedAt, state }: Transaction): Promise<string> {
  return `${prefix}${startedAt.toString(36)}.${await nameOf(state)}`
}

/** Names a sign-in without telling its state. */
async function nameOf(state: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(state))
  return Array.from(new Uint8Array(digest, 0, 12), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
