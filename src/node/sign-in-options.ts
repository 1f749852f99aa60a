import type { Writable } from 'node:stream'
import type { Client, StartOptions } from '../client/client.ts'
import type { CallbackTexts } from '../redirects/callback-page.node.ts'
import type { LineInput } from '../redirects/read-lines.node.ts'

/** How one sign-in is done. */
export interface NodeSignInOptions extends Omit<StartOptions, 'redirectUri'> {
  /**
   * How the answer comes back:
   *
   * - `auto`: by a loopback port and, in a terminal, by pasting; the first answer wins
   * - `loopback`: by a loopback port of this machine
   * - `paste`: the person copies it; for when the browser runs on another machine. Where the provider has
   *   no page for that, the loopback port waits too. Only an `openBrowser` of your own is called
   * - `device`: the person enters a code on any device (RFC 8628)
   *
   * @default 'auto'
   */
  readonly via?: 'auto' | 'loopback' | 'paste' | 'device'
  /** The loopback port. @default the provider's, else any free one */
  readonly port?: number
  /** Opens the address, which is printed in any case; `false`: nothing is opened. @default openBrowser */
  readonly openBrowser?: false | ((url: URL) => unknown)
  /**
   * How long the person may take, in milliseconds; by browser never longer than the client's `transactionTimeout`.
   *
   * @default 300_000; for `device` what the server allows
   */
  readonly timeout?: number
  /** Where pasted lines come from. @default process.stdin; with `auto`, only if it is a terminal */
  readonly input?: LineInput
  /** Where the person is told what to do. @default process.stderr */
  readonly output?: Writable
  /** Draws the address of a device sign-in, as for a phone's camera. What it gives is written below the code. */
  readonly drawAddress?: (address: URL) => string
  /** Words of your own for the page that the browser shows at the end. */
  readonly page?: CallbackTexts
}

/** The part of a client that a sign-in needs. */
export type SignInClient = Pick<Client, 'provider' | 'start' | 'finish' | 'device'>
