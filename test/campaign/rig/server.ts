// The authorization server of the campaign, a process of its own.

import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  createAuthorizationServer,
  type Fault,
  type HistoryEntry,
} from '../../../src/testing/index.ts'
import { listen } from '../../../src/testing/listen.node.ts'
import { seeded } from './seeded.ts'
import { serveCommands } from './serve-commands.ts'

/** One refresh request, as the server saw it. */
export interface Presentation {
  readonly at: number
  /** The process that sent it. */
  readonly worker: string
  /** The refresh token's fingerprint, and its number where the server knows it. */
  readonly presented: string
  readonly token: string | undefined
  readonly status: number | undefined
  readonly error: string | undefined
  readonly committed: boolean
  readonly reuse: boolean
  readonly repeat: boolean
  /** The answer was dropped on purpose. */
  readonly lost: boolean
  readonly family: string | undefined
}

/** How refreshes are treated from now on. */
export interface Weather {
  /** Milliseconds before an answer, from and to. */
  readonly latency?: readonly [number, number]
  /** Which share of the answers gets lost after the server has rotated. */
  readonly loss?: number
  readonly seed?: number
  /** A fault for each refresh instead. */
  readonly fault?: Fault
}

let server: AuthorizationServer | undefined
const lost = new Set<HistoryEntry>()

serveCommands({
  async open(options: AuthorizationServerOptions): Promise<string> {
    const running = await listen((issuer) =>
      createAuthorizationServer({ autoApprove: true, responseIss: 'off', issuer, ...options }),
    )
    server = running.server
    return running.origin
  },
  weather({ latency = [0, 0], loss = 0, seed = 1, fault }: Weather): void {
    const random = seeded(seed)
    current().faults.clear()
    current().faults.always('token', (call) => {
      if (call.grant !== 'refresh_token') return undefined
      if (fault !== undefined) return fault
      const wait = latency[0] + random() * (latency[1] - latency[0])
      if (random() >= loss) return { latency: wait }
      lost.add(call)
      return { latency: wait, drop: true, when: 'after-commit' }
    })
  },
  next(fault: Fault): void {
    current().faults.next('token', { ...fault, grant: 'refresh_token' })
  },
  advance: (ms: number): void => current().clock.advance(ms),
  presentations: (): Presentation[] => current().history.filter({ grant: 'refresh_token' }).map(presentation),
  paths: (): string[] => current().history.entries.map(({ path }) => path),
})

function current(): AuthorizationServer {
  if (server === undefined) throw new TypeError('open it first')
  return server
}

function presentation(entry: HistoryEntry): Presentation {
  const { at, refreshTokenId, status, error, family, params, headers } = entry
  return {
    at,
    worker: headers['x-worker'] ?? '',
    presented: params['refresh_token'] ?? '',
    token: refreshTokenId,
    status,
    error,
    committed: entry.committed === true,
    reuse: entry.reuse === true,
    repeat: entry.repeat === true,
    lost: lost.has(entry),
    family,
  }
}
