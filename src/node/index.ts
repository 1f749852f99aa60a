/**
 * Latchkey for Node, Deno and Bun: sign in through the person's browser, keep the tokens in a file.
 *
 * @module
 */

export { startCallbackServer } from '../redirects/loopback.node.ts'
export type { CallbackServer, CallbackServerOptions } from '../redirects/loopback.node.ts'
export type { LoopbackHost } from '../redirects/bind-loopback.node.ts'
export type { CallbackOutcome, CallbackText, CallbackTexts } from '../redirects/callback-page.node.ts'
export type { LineInput } from '../redirects/read-lines.node.ts'
export { fileStore } from '../stores/file.node.ts'
export { authFilePath } from './auth-file-path.ts'
export type { AuthFilePathOptions } from './auth-file-path.ts'
export { createNodeClient } from './node-client.ts'
export type { NodeClient, NodeClientOptions } from './node-client.ts'
export { openBrowser } from './open-browser.ts'
export type { OpenBrowserOptions, Spawn } from './open-browser.ts'
export type { NodeSignInOptions } from './sign-in-options.ts'
