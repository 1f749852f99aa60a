/**
 * Latchkey's vault for web pages: the tokens are in a worker, and no script of a page can read them.
 * `serveVault` is the worker's side, `createVaultClient` the page's.
 *
 * Nothing is touched when this is imported, so that a server may render pages that use it.
 *
 * @module
 */

export { serveVault } from './serve-vault.ts'
export { createVaultClient } from './vault-client.ts'
export type { VaultClient, VaultClientOptions, VaultMissing } from './vault-client.ts'
export type { VaultPort } from './vault-link.ts'
export type { VaultOptions } from './vault-server.ts'
export type { AnyWorker, SharedVaultWorker } from './vault-session.ts'
