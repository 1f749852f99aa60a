import type { TokenSet } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'
import type { Outcome } from '../../../src/lifecycle/outcome.ts'
import type { Presented, RefreshableRecord } from '../../../src/lifecycle/refresh.ts'
import type { Judge, Presentation } from './judge.ts'
import type { Actor, Scheduler } from './scheduler.ts'
import type { Granted, ServerModel } from './server-model.ts'
import type { SharedStore } from './shared-store.ts'
import type { Tape } from './tape.ts'

export const lifetime = 3_600_000

/** The tokens as a client holds them. */
export function tokensOf({ accessToken, refreshToken }: Granted, obtainedAt: number): TokenSet {
  return { accessToken, refreshToken, tokenType: 'Bearer', obtainedAt, expiresAt: obtainedAt + lifetime }
}

export interface NetworkParts {
  readonly scheduler: Scheduler
  readonly tape: Tape
  readonly server: ServerModel
  readonly store: SharedStore
  readonly judge: Judge
  /** How likely one request is to come to grief. */
  readonly trouble: () => number
}

const fates = [
  'never arrives',
  'answer lost',
  'times out',
  'busy',
  'unreadable',
  'defective',
  'unsent',
  'told to wait',
] as const

/** The way to the server, for one context. */
export function network(parts: NetworkParts, actor: Actor): (record: RefreshableRecord) => Promise<Presented> {
  const { scheduler, tape, store, judge } = parts
  return async (record) => {
    const presentation = judge.presents(actor, record.tokens.refreshToken, store.peek())
    const fate = tape.chance(parts.trouble()) ? fates[tape.pick(fates.length)] : undefined
    scheduler.trace.push(`${actor.name} presents ${record.tokens.refreshToken}${fate === undefined ? '' : `: ${fate}`}`)
    const presented = await travel(parts, presentation, fate)
    presentation.open = false
    const { kind } = presented.outcome
    presentation.lost = kind === 'lost'
    // What the server has said may be lost on the way.
    presentation.refused ||= kind === 'rejected'
    return presented
  }
}

async function travel(
  parts: NetworkParts,
  presentation: Presentation,
  fate: (typeof fates)[number] | undefined,
): Promise<Presented> {
  const { scheduler } = parts
  const { actor } = presentation
  const lost = new OAuthError('network', { endpoint: 'token', sent: 'maybe' })
  switch (fate) {
    case undefined:
      return { outcome: await exchange(parts, presentation) }
    case 'never arrives':
      await scheduler.step(actor, 'hears nothing')
      return { outcome: { kind: 'lost', error: lost } }
    case 'answer lost':
      await exchange(parts, presentation)
      return { outcome: { kind: 'lost', error: lost } }
    case 'times out':
      return timeout(parts, presentation)
    case 'busy':
    case 'told to wait': {
      await scheduler.step(actor, 'hears that the server is busy')
      const retryAt = fate === 'busy' ? {} : { retryAt: scheduler.now() + 20_000 }
      return {
        outcome: {
          kind: 'trouble',
          error: new OAuthError('server_error', { endpoint: 'token', status: 503, ...retryAt }),
        },
      }
    }
    case 'unsent':
      await scheduler.step(actor, 'cannot connect')
      return { outcome: { kind: 'unsent', error: new OAuthError('network', { endpoint: 'token', sent: 'no' }) } }
    case 'unreadable':
    case 'defective':
      return { outcome: spoiled(presentation, await exchange(parts, presentation), fate) }
  }
}

/** The request reaches the server, and its answer the client. */
async function exchange({ scheduler, server, judge }: NetworkParts, presentation: Presentation): Promise<Outcome> {
  const { actor, refreshToken } = presentation
  const sentAt = scheduler.now()
  // What has left is on its way, whatever becomes of the sender.
  await scheduler.step({ name: `request of ${actor.name}`, alive: true }, 'arrives')
  const verdict = server.present(refreshToken, scheduler.now())
  judge.serverSaw(presentation, verdict.kind === 'granted')
  await scheduler.step(actor, `hears: ${verdict.kind}`)
  if (verdict.kind === 'refused') {
    const error = new OAuthError('authorization_failed', { error: 'invalid_grant', endpoint: 'token', status: 400 })
    return { kind: 'rejected', word: 'invalid_grant', error }
  }
  presentation.brought = verdict.granted.accessToken
  return { kind: 'tokens', tokens: tokensOf(verdict.granted, sentAt) }
}

async function timeout(parts: NetworkParts, presentation: Presentation): Promise<Presented> {
  const { scheduler, tape } = parts
  const comes = tape.chance(0.7)
  const late = comes ? exchange(parts, presentation) : new Promise<never>(() => undefined)
  void late.then((outcome) => {
    presentation.late = true
    presentation.refused = outcome.kind === 'rejected'
  })
  await scheduler.clock(presentation.actor).sleep(30_000)
  const error = new OAuthError('timeout', { what: 'the token endpoint', after: 30_000 })
  return { outcome: { kind: 'lost', error }, late }
}

function spoiled(presentation: Presentation, outcome: Outcome, fate: 'unreadable' | 'defective'): Outcome {
  if (outcome.kind !== 'tokens' || outcome.tokens.refreshToken === undefined) return outcome
  const error = new OAuthError('invalid_response', { endpoint: 'token', reason: 'simulated.', status: 200 })
  const rotated = outcome.tokens.refreshToken !== presentation.refreshToken
  if (fate === 'unreadable' || !rotated) return { kind: 'lost', error }
  presentation.brought = outcome.tokens.refreshToken
  return { kind: 'defective', refreshToken: outcome.tokens.refreshToken, error }
}
