import type {
  Client,
  ClientOptions,
  SignInResult,
  SignOutOptions,
  SignOutResult,
  StartOptions,
} from '../client/client.ts'
import type { TransactionStore } from '../contracts.ts'
import { openClient } from '../client/create-client.ts'
import type { OpenedClient } from '../client/create-client.ts'
import { loaded } from '../core/loaded.ts'
import { openWindow } from '../redirects/open-window.dom.ts'
import { leaveFor, takeCallback } from '../redirects/page.dom.ts'
import { pageTransactions } from '../stores/page-transactions.ts'
import { callbackAt } from './callback-at.ts'

/** What `createBrowserClient` needs to know: `provider`, and a `redirectUri` of this origin. A page keeps no secret. */
export interface BrowserClientOptions extends Omit<ClientOptions, 'clientAuth'> {
  /** The page that the person comes back to, and that calls `handleRedirectCallback`. Registered, exactly. */
  readonly redirectUri?: string
  /** Where a sign-in waits for its callback. @default pageTransactions() */
  readonly transactions?: TransactionStore
}

/** What every way to sign in takes. */
export interface BrowserSignInOptions extends Omit<StartOptions, 'redirectUri'> {
  /**
   * How the person gets there: `redirect`, with this page; `popup`, with a window of their own.
   *
   * @default 'redirect'
   */
  readonly via?: 'redirect' | 'popup'
}

/** What a sign-in by redirect takes. */
export interface RedirectSignInOptions extends BrowserSignInOptions {
  readonly via?: 'redirect'
}

/** What a sign-in by popup takes. */
export interface PopupSignInOptions extends BrowserSignInOptions {
  readonly via: 'popup'
  /** A page of this origin that calls `completePopup`. Registered, exactly. @default the client's */
  readonly redirectUri?: string
  /** How long the person may take, in milliseconds. @default the client's `transactionTimeout` */
  readonly timeout?: number
  /** The size of the window, in CSS pixels. @default 480 */
  readonly width?: number
  /** @default 640 */
  readonly height?: number
}

/** How a sign-out treats the server. */
export interface BrowserSignOutOptions extends SignOutOptions {
  /**
   * Also sends this page to the server to end the session there, where the server has a page for that: else the
   * next sign-in asks nothing. The ID token goes with it in the address, as OpenID Connect wants it.
   *
   * @default false
   */
  readonly endSession?: boolean
  /** Where the server sends the person after that. Registered, exactly. */
  readonly postLogoutRedirectUri?: string
}

/** What a sign-out achieved. Locally it always succeeds. */
export interface BrowserSignOutResult extends SignOutResult {
  /**
   * `'leaving'`: the page is on its way. `'unsupported'`: the server has no such page. `'failed'`: the server
   * could not be asked for it; its session stands.
   */
  readonly endSession: 'leaving' | 'unsupported' | 'failed' | 'skipped'
}

/** A client for web pages. */
export interface BrowserClient extends Client {
  /**
   * Sends this page to the server, and resolves when it is on its way: what follows runs, if at all, on a page that
   * is leaving.
   *
   * Errors: those of `start`.
   */
  signIn(options?: RedirectSignInOptions): Promise<undefined>
  /**
   * Signs in by a window of its own. To be called in a click, before anything is waited for. The window is
   * found closed some seconds after the person is back on this page; or else when `timeout` is over.
   *
   * Errors: `popup_blocked`, `popup_closed`, `timeout`, `aborted`, and those of `start` and `finish`.
   */
  signIn(options: PopupSignInOptions): Promise<SignInResult>
  /**
   * Finishes the sign-in that this page came back from, if it did: `undefined` means that it did not. The callback
   * leaves the address before anything is asked of anybody, whatever comes of it. May be called any number of times,
   * also after a failure that is `retryable`: the code is used once. Where a page has several clients, each needs a
   * redirect URI of its own (RFC 9700 §4.4.2.2): the first to look takes the answer out of the address.
   *
   * Errors: those of `finish`.
   *
   * @param url Where the page was called, if its address has been changed since. @default the page's address
   */
  handleRedirectCallback(url?: URL | string): Promise<SignInResult | undefined>
  /** Signs out here and in all tabs, and where wished at the server. */
  signOut(options?: BrowserSignOutOptions): Promise<BrowserSignOutResult>
}

/**
 * Creates a client for web pages. Make one for the page, and let all of it use that.
 *
 * By default tokens rest in this page's memory, and a reload forgets them; `indexedDBStore()` keeps them for
 * all tabs. What one tab does, all tabs that share a store see. In a page, the store is read at once and watched
 * until `dispose`; on a server nothing is touched.
 *
 * Errors: `config`, and `TypeError` for what a compiler would have refused.
 *
 * @example
 * ```ts
 * const client = createBrowserClient({
 *   provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
 *   clientId: 'spa',
 *   redirectUri: `${location.origin}/callback`,
 *   apiOrigins: ['https://api.example.com'],
 *   store: indexedDBStore(),
 * })
 * const result = await client.handleRedirectCallback()
 * button.onclick = () => client.signIn({ appState: { returnTo: location.pathname } })
 * ```
 *
 * @see {@link https://datatracker.ietf.org/doc/html/draft-ietf-oauth-browser-based-apps OAuth 2.0 for Browser-Based Applications}
 */
export function createBrowserClient(options: BrowserClientOptions): BrowserClient {
  const { clock, transactions = pageTransactions(clock && { clock }) } = options ?? {}
  const opened = openClient({ ...options, transactions })
  const { client, config } = opened
  let callback: URL | undefined
  // Somebody always listens, so that memory never holds what another tab has signed out.
  if (isPage()) client.subscribe(() => undefined)

  function signIn(wishes?: RedirectSignInOptions): Promise<undefined>
  function signIn(wishes: PopupSignInOptions): Promise<SignInResult>
  function signIn(wishes: RedirectSignInOptions | PopupSignInOptions = {}): Promise<SignInResult | undefined> {
    return wishes.via === 'popup' ? byPopup(opened, wishes) : byRedirect(client, wishes)
  }

  return {
    ...client,
    signIn,
    async handleRedirectCallback(url) {
      if (isPage()) callback = takeCallback(config.redirectUri) ?? callback
      const given = callbackAt(url, callback)
      return given && client.finish(given)
    },
    signOut: (wishes) => signOut(opened, wishes),
  }
}

async function byRedirect(client: Client, wishes: StartOptions): Promise<undefined> {
  const { url } = await client.start(wishes)
  leaveFor(url)
  return undefined
}

async function byPopup(opened: OpenedClient, wishes: PopupSignInOptions): Promise<SignInResult> {
  const { width = 480, height = 640, ...rest } = wishes
  // First of all: browsers open no window after a wait.
  const popup = openWindow({ width, height })
  try {
    const { signInByPopup } = await loaded(import('./optional.ts'), opened.config.world)
    return await signInByPopup(opened, popup, rest)
  } catch (error) {
    popup.window.close()
    throw error
  }
}

async function signOut(opened: OpenedClient, wishes: BrowserSignOutOptions = {}): Promise<BrowserSignOutResult> {
  const { endSession: wished = false, postLogoutRedirectUri, ...rest } = wishes
  const record = wished ? await opened.session.reload().catch(() => undefined) : undefined
  const result = await opened.client.signOut(rest)
  if (!wished) return { ...result, endSession: 'skipped' }
  try {
    const { logoutUrl } = await loaded(import('./optional.ts'), opened.config.world)
    const url = await logoutUrl(opened, record, postLogoutRedirectUri)
    if (url === undefined) return { ...result, endSession: 'unsupported' }
    leaveFor(url)
    return { ...result, endSession: 'leaving' }
  } catch {
    return { ...result, endSession: 'failed' }
  }
}

function isPage(): boolean {
  return 'document' in globalThis
}
