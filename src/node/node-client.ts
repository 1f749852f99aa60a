import type { Store } from '../contracts.ts'
import type { Client, ClientOptions, SignInResult } from '../client/client.ts'
import { createClient } from '../client/create-client.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import { redirectPlan } from './redirect-plan.ts'
import { signIn } from './sign-in.ts'
import type { NodeSignInOptions } from './sign-in-options.ts'

/** What `createNodeClient` needs to know. Only `provider` is required. */
export interface NodeClientOptions extends ClientOptions {
  /** Where tokens rest. @default fileStore({ path: authFilePath() }) */
  readonly store?: Store
  /**
   * Where the answer to a sign-in comes back to: a loopback address (without a port: any free one), or a
   * page from which the person copies it.
   *
   * @default the provider's, else any port of 127.0.0.1 with the path `/callback`
   */
  readonly redirectUri?: string
}

/** A client for programs of a person's own machine. */
export interface NodeClient extends Client {
  /**
   * Signs a person in by their browser, or by another device. The address to visit is printed in any case.
   *
   * Errors: those of `start` and `finish`; `port_in_use` when no callback port is free and there is no
   * other way; `timeout`; `aborted` by the signal, by Ctrl-C in the terminal, or when the input ended
   * and was the only way; `unsupported`.
   */
  signIn(options?: NodeSignInOptions): Promise<SignInResult>
}

/**
 * Creates a client for programs under Node, Deno or Bun: tokens rest in a file that other processes
 * may use at the same time, and `signIn` goes through the person's browser. Does no I/O itself.
 *
 * A refresh that has begun keeps the process alive until its tokens are stored.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: oidc({ issuer: 'https://id.example.com' }), clientId: 'cli' })
 * await client.signIn()
 * const response = await client.fetch('https://api.example.com/me')
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252 RFC 8252}
 */
export function createNodeClient(options: NodeClientOptions): NodeClient {
  const plan = redirectPlan(options.provider, options.redirectUri)
  const client = createClient({ ...options, store: options.store ?? fileStore({ path: authFilePath() }) })
  return { ...client, signIn: (wishes = {}) => signIn(client, plan, wishes) }
}
