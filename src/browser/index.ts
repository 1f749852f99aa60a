/**
 * Latchkey for web pages: sign in by redirect or by popup, and stay signed in, in every tab.
 *
 * Nothing is touched when this is imported, so that a server may render pages that use it.
 *
 * @module
 */

export { completePopup } from '../redirects/complete-popup.dom.ts'
export { pageTransactions } from '../stores/page-transactions.ts'
export type { PageTransactionsOptions } from '../stores/page-transactions.ts'
export { createBrowserClient } from './browser-client.ts'
export type {
  BrowserClient,
  BrowserClientOptions,
  BrowserSignInOptions,
  BrowserSignOutOptions,
  BrowserSignOutResult,
  PopupSignInOptions,
  RedirectSignInOptions,
} from './browser-client.ts'
