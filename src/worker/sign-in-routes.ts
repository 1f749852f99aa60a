import type { Callback } from '../client/client.ts'
import type { Transaction } from '../contracts.ts'
import { parseCallback } from '../core/index.ts'
import { OAuthError } from '../errors.ts'
import { pasteComplaint } from '../redirects/pasted-callback.ts'
import { accountExpiry, accountOf, newAccount } from './account-key.ts'
import { redirectAnswer } from './answer.ts'
import type { Answer } from './answer.ts'
import type { Desk } from './desk.ts'
import { pastePage } from './paste-page.ts'
import { readText } from '../core/read-text.ts'
import { returning, returnTarget } from './return-target.ts'
import type { Visit } from './visit.ts'

/** The longest form that is read, in bytes. */
const longestForm = 65_536

/** `GET login?returnTo=`: sends a person to the provider, or to the page from which they go there. */
export async function login(desk: Desk, visit: Visit): Promise<Answer> {
  const { config } = desk
  const returnTo = askedReturn(desk, visit)
  if (config.hosted) {
    return redirectAnswer(config.origin + returning(`${config.basePath}/paste`, returnTo))
  }
  return redirectAnswer((await begin(desk, visit, returnTo)).href)
}

/** `GET callback`: where the provider sends a person back to. */
export async function callback(desk: Desk, visit: Visit): Promise<Answer> {
  const url = new URL(desk.config.redirectUri)
  url.search = visit.target.search
  return finish(desk, visit, url)
}

/** `GET paste`: a page with the link to the provider, and a field for what its page shows. */
export async function showPaste(desk: Desk, visit: Visit): Promise<Answer> {
  const url = await begin(desk, visit, askedReturn(desk, visit))
  return pastePage(desk.config, { link: url.href })
}

/** `POST paste`: what the provider's page showed, `code#state`. */
export async function takePaste(desk: Desk, visit: Visit): Promise<Answer> {
  const { config, pending } = desk
  const text = await readText(visit.request, longestForm)
  const answer = (new URLSearchParams(text).get('answer') ?? '').trim()
  const begun = await pending.all(visit)
  const complaint = pasteComplaint(answer, begun)
  if (complaint === undefined) return finish(desk, visit, answer)
  const { returnTo = '/' } = (begun.at(-1)?.appState ?? {}) as Partial<AppState>
  return pastePage(config, { complaint, again: returning(`${config.basePath}/paste`, returnTo) })
}

function askedReturn({ config }: Desk, { target }: Visit): string {
  const [asked, ...more] = new URLSearchParams(target.search).getAll('returnTo')
  return more.length > 0 ? '/' : returnTarget(asked, config)
}

/** What a sign-in remembers for its end. */
interface AppState {
  readonly returnTo: string
  /** The slot of the session that this browser has now: it ends when the new one begins. */
  readonly previous?: string
}

async function begin({ config, sessions, clients, pending }: Desk, visit: Visit, returnTo: string): Promise<URL> {
  const current = await sessions.read(visit)
  const own = config.authenticate === undefined
  if (!own && current === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  const account = own ? newAccount(config.client.clock.now() + config.sessionLifetime) : current?.account
  const appState: AppState = { returnTo, ...(own && current !== undefined && { previous: current.account }) }
  const client = clients.open(account ?? '', visit.keep, pending.storeOf(visit))
  const { url } = await client.start({ appState })
  return url
}

/**
 * Ends a sign-in in the browser that began it. The session that begins has a name of its own, made for this
 * sign-in: nobody who knew the browser's earlier one knows it.
 */
async function finish(desk: Desk, visit: Visit, answer: Callback): Promise<Answer> {
  const { config, sessions, clients, pending } = desk
  const account = await accountAwaiting(desk, visit, parseCallback(answer).params.get('state') ?? '')
  const client = clients.open(account, visit.keep, pending.storeOf(visit))
  const { appState } = await client.finish(answer)
  const { returnTo, previous } = appState as AppState
  if (previous !== undefined) visit.keep(clients.open(previous, visit.keep).signOut())
  const expiresAt = accountExpiry(account)
  if (config.authenticate === undefined && expiresAt !== undefined) await sessions.begin(visit, { account, expiresAt })
  return redirectAnswer(config.origin + returnTo)
}

/** The account slot that a callback's sign-in will fill. */
async function accountAwaiting(desk: Desk, visit: Visit, state: string): Promise<string> {
  if (state === '') throw new OAuthError('state_mismatch', { reason: 'missing' })
  const transaction = await desk.pending.find(visit, state)
  const account = transaction && accountOf(desk.config.client.provider.id, transaction.slot)
  if (transaction === undefined || account === undefined) throw new OAuthError('transaction_missing', {})
  if (!(await isStarter(desk, visit, account))) throw new OAuthError('transaction_missing', {})
  if (await isFinished(desk, transaction)) throw new OAuthError('transaction_missing', {})
  return account
}

/** Where the application knows people itself, whoever started must also be who comes back. */
async function isStarter({ config, sessions }: Desk, visit: Visit, account: string): Promise<boolean> {
  return config.authenticate === undefined || (await sessions.read(visit))?.account === account
}

/** A session's slot is filled once. What is there was put there by this very sign-in, in another isolate. */
async function isFinished({ config, clients }: Desk, { slot }: Transaction): Promise<boolean> {
  return config.authenticate === undefined && (await clients.store.get(slot)) !== undefined
}
