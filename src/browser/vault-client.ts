import type { SignInResult } from '../client/client.ts'
import { duration, readRedirectUri } from '../client/options.ts'
import { checkKinds, ownOptions } from '../client/own-options.ts'
import type { ClientEvent, GetTokenOptions, TokenSet } from '../contracts.ts'
import { isOAuthError } from '../errors.ts'
import { leaveFor, takeCallback } from '../redirects/page.dom.ts'
import { callbackAt } from './callback-at.ts'
import type {
  BrowserClient,
  BrowserSignOutOptions,
  PopupSignInOptions,
  RedirectSignInOptions,
} from './browser-client.ts'
import { fetchByVault } from './vault-link.ts'
import { vaultPopup } from './vault-popup.ts'
import { openVaultSession } from './vault-session.ts'
import type { AnyWorker, VaultSession } from './vault-session.ts'

/** What a page needs to know of its vault. All else the vault knows. */
export interface VaultClientOptions {
  /** Gives the worker that calls `serveVault`: one of all tabs, of this one, or a service worker. Called once. */
  readonly worker: () => AnyWorker | Promise<AnyWorker>
  /**
   * Makes the client that is used where such a worker cannot be had. It has the tokens in the page; an event says so.
   *
   * @default none: every call fails with `unsupported`
   */
  readonly fallback?: () => BrowserClient
  /** The page that the person comes back to. @default any page whose address carries a callback */
  readonly redirectUri?: string
  /** How long the vault may take to show that it is there, in milliseconds. @default 10_000 */
  readonly timeout?: number
  /** Called after the fact. What it throws is ignored. */
  readonly onEvent?: (event: ClientEvent | VaultMissing) => void
}

/** No worker can be had here, so that the page holds the tokens itself, or has none. */
export interface VaultMissing {
  readonly type: 'vault-missing'
  readonly fallback: boolean
}

/** What a page can do with a session whose tokens it never sees. */
export interface VaultClient
  extends Pick<
    BrowserClient,
    | 'signIn'
    | 'handleRedirectCallback'
    | 'fetch'
    | 'userInfo'
    | 'signOut'
    | 'getSnapshot'
    | 'subscribe'
    | 'readable'
    | 'dispose'
  > {
  /** The access token alone, from a vault that gives it away; from any other, `unsupported`. */
  getToken(options?: GetTokenOptions): Promise<TokenSet>
}

/**
 * Creates a client for a web page whose tokens are in a worker, out of reach of every script of the page.
 *
 * What it does not stop: a script that has got into the page can call the APIs through it for as long as it is
 * there, and can begin a sign-in of its own. See `serveVault`.
 *
 * The worker knows the provider, the origins, and everything else that a script could want to change. A page keeps
 * no session over a reload of its own, unless other tabs share its worker. On a server nothing is touched.
 *
 * Errors: `config`, and `TypeError` for what a compiler would have refused.
 *
 * @example
 * ```ts
 * const client = createVaultClient({
 *   worker: () => new SharedWorker(new URL('./vault.ts', import.meta.url), { type: 'module' }),
 * })
 * await client.handleRedirectCallback()
 * const response = await client.fetch('https://api.example.com/me')
 * ```
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps#section-8.3 OAuth 2.0 for Browser-Based Applications, section 8.3}
 */
export function createVaultClient(options: VaultClientOptions): VaultClient {
  const own = readOptions(options)
  const session = openVaultSession(own)
  let callback: URL | undefined

  function signIn(wishes?: RedirectSignInOptions): Promise<undefined>
  function signIn(wishes: PopupSignInOptions): Promise<SignInResult>
  async function signIn(wishes: RedirectSignInOptions | PopupSignInOptions = {}): Promise<SignInResult | undefined> {
    if (wishes.via === 'popup') return vaultPopup(session, wishes)
    const fallback = await session.fallback()
    if (fallback !== undefined) return fallback.signIn(wishes)
    const { via: _, signal, ...rest } = wishes
    const { url } = (await session.ask('start', { ...rest, leaving: true }, signal)) as { readonly url: string }
    leaveFor(new URL(url))
    return undefined
  }

  return {
    signIn,
    async handleRedirectCallback(url) {
      if ('document' in globalThis) callback = takeCallback(own.redirectUri) ?? callback
      const given = callbackAt(url, callback)
      if (given === undefined) return undefined
      const fallback = await session.fallback()
      if (fallback !== undefined) return fallback.handleRedirectCallback(given)
      return (await session.ask('finish', given.href)) as SignInResult
    },
    async fetch(input, init) {
      // Read at once, as `fetch` would.
      const request = readRequest(input, init)
      const fallback = await session.fallback()
      if (fallback !== undefined) return fallback.fetch(request)
      return session.reach((vault, call) => fetchByVault(vault, request, call))
    },
    async userInfo(wishes = {}) {
      const fallback = await session.fallback()
      if (fallback !== undefined) return fallback.userInfo(wishes)
      return (await session.ask('userInfo', undefined, wishes.signal)) as Readonly<Record<string, unknown>>
    },
    async getToken({ signal, ...wishes } = {}) {
      const fallback = await session.fallback()
      if (fallback !== undefined) return fallback.getToken({ ...wishes, ...(signal && { signal }) })
      return (await session.ask('getToken', wishes, signal)) as TokenSet
    },
    signOut: (wishes) => signOut(session, wishes),
    getSnapshot: session.board.getSnapshot,
    subscribe: session.board.subscribe,
    readable: session.board.readable,
    dispose: session.dispose,
  }
}

function readOptions(options: VaultClientOptions): VaultClientOptions & { readonly timeout: number } {
  const own = ownOptions('createVaultClient', options)
  checkKinds(own, { worker: 'function', fallback: 'function', redirectUri: 'string', onEvent: 'function' })
  readRedirectUri(own.redirectUri)
  return { ...own, timeout: duration('timeout', own.timeout, { otherwise: 10_000, least: 1 }) }
}

function readRequest(...given: ConstructorParameters<typeof Request>): Request {
  try {
    return new Request(...given)
  } catch {
    // The native error repeats the URL or the header that it does not like.
    throw new TypeError('client.fetch cannot make this request.')
  }
}

async function signOut(
  session: VaultSession,
  { signal, ...wishes }: BrowserSignOutOptions = {},
): ReturnType<BrowserClient['signOut']> {
  const fallback = await session.fallback()
  if (fallback !== undefined) return fallback.signOut({ ...wishes, ...(signal && { signal }) })
  type Answer = Awaited<ReturnType<BrowserClient['signOut']>> & { readonly url?: string }
  const { url, ...result } = (await session.ask('signOut', wishes, signal)) as Answer
  if (url === undefined) return result
  try {
    leaveFor(new URL(url))
    return result
  } catch (error) {
    if (isOAuthError(error)) return { ...result, endSession: 'failed' }
    throw error
  }
}
