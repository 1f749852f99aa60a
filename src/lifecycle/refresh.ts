import type { Clock, HeldStore, RecordChange, Store, StoredRecord, TokenSet } from '../contracts.ts'
import { fingerprint } from '../core/token-set.ts'
import { OAuthError } from '../errors.ts'
import { decide, stillServes } from './decide.ts'
import type { Chance, Held, Need, Policy, Step } from './decide.ts'
import { lockUnless } from './lock-unless.ts'
import { sameTokens, withIntent, withoutIntent } from './outcome.ts'
import type { Outcome, Presentation } from './outcome.ts'
import { judged, saved, settle, settleOpenly } from './settle.ts'
import type { Ended, Outrun } from './settle.ts'

/** What a refresh acts upon. */
export interface RefreshParts {
  readonly store: Store
  readonly key: string
  readonly clock: Clock
  readonly policy: Policy
  /** A random name for this client object. */
  readonly owner: string
  readonly lockTimeout: number
  /** Presents a refresh token, once. Never rejects. */
  readonly present: (record: RefreshableRecord) => Promise<Presented>
  /** Names a record's refresh token without telling it. @default its SHA-256 */
  readonly fingerprint?: (record: StoredRecord) => Promise<string>
}

/** A record that has a refresh token. */
export type RefreshableRecord = StoredRecord & { readonly tokens: TokenSet & { readonly refreshToken: string } }

/** How a presentation ended; `late` is what it may still bring after we gave up waiting. */
export interface Presented {
  readonly outcome: Outcome
  readonly late?: Promise<Outcome>
}

/** A refresh, as its session sees it. */
export interface Refreshing extends RefreshParts {
  /** Whether somebody whom the lock does not keep out may have presented the same refresh token. */
  readonly siblings: boolean
  /** Whether nobody has signed in or out here since. */
  readonly current: () => boolean
  /** Hears how a presentation ended that we had given up waiting for. */
  readonly onLate: (ended: Promise<Ended>) => void
}

/** Gives a record its fingerprint, if there is anything in it to compare that with: most have nothing, and it takes long. */
export async function hold(parts: RefreshParts, record: StoredRecord | undefined): Promise<Held | undefined> {
  if (record === undefined) return undefined
  const marked = record.dead !== undefined || record.intent !== undefined
  return { record, hash: marked ? await nameOf(parts, record) : '' }
}

function nameOf(parts: RefreshParts, record: StoredRecord): Promise<string> {
  return (parts.fingerprint ?? fingerprint)(record)
}

/** When to look whether a sibling that shares the store but not the lock has committed, in milliseconds. */
const siblingGrace = [0, 250, 1500]

/**
 * Refreshes under the store's lock: read again, write the intent, present the token, commit by
 * compare-and-swap. `seen` is what the caller read before it waited for the lock: if that has changed
 * meanwhile, somebody else has refreshed, and their result is taken over.
 *
 * When the server refuses the refresh token for good, perhaps somebody else has used it. That is
 * written down at once, bound to this refresh token; then, without the lock, their result is waited for.
 *
 * Errors (thrown): those of the store, before anything was sent.
 */
export async function refresh(parts: Refreshing, need: Need, seen: StoredRecord | undefined): Promise<Ended> {
  const { store, key, clock } = parts
  const ended = await saved(parts, await locked(parts, need, seen))
  if (ended.kind !== 'failed' || !isUnsettled(ended.error, ended.record, clock.now())) return ended
  for (const pause of parts.siblings ? siblingGrace : siblingGrace.slice(0, 1)) {
    if (pause > 0) await clock.sleep(pause)
    const current = await store.get(key).catch(() => ended.record)
    if (current === undefined) return { kind: 'overtaken' }
    if (!sameTokens(current, ended.record)) return saved(parts, await locked(parts, need, ended.record))
  }
  return ended
}

/** Whether a record became useless so lately that a sibling's result may still be under way. */
export function isUnsettled(error: OAuthError, record: StoredRecord | undefined, now: number): boolean {
  if (error.code !== 'sign_in_required') return false
  return [record?.dead?.at, record?.intent?.at].some(
    (at) => at !== undefined && at <= now && now < at + siblingGrace.reduce((a, b) => a + b),
  )
}

function locked(parts: Refreshing, need: Need, seen: StoredRecord | undefined): Promise<Ended> {
  return lockUnless(
    parts,
    () => broughtBySibling(parts, need, seen),
    (held) => underLock(parts, held, need, seen),
  )
}

/** What a sibling has stored since, if it is what is needed, and nobody is about to bring better. */
async function broughtBySibling(
  parts: Refreshing,
  need: Need,
  seen: StoredRecord | undefined,
): Promise<Ended | undefined> {
  const record = await parts.store.get(parts.key)
  if (record?.intent !== undefined) return undefined
  const current = await hold(parts, record)
  const { step, adopted } = look(parts, need, current, seen)
  return adopted && step.do === 'serve' ? concluded(step, current, adopted) : undefined
}

async function underLock(
  parts: Refreshing,
  held: HeldStore,
  need: Need,
  seen: StoredRecord | undefined,
): Promise<Ended> {
  let repeated = false
  let unused: StoredRecord | undefined
  for (let round = 0; round < 10; round++) {
    const current = await hold(parts, await held.get(parts.key))
    const { step, chance, adopted } = look(parts, need, current, seen)
    if (current === undefined || chance === undefined) return { ...concluded(step, current, adopted), unused }
    // Another session's refresh token is not ours to present.
    if (!parts.current()) return { kind: 'overtaken', unused }
    const tried = await attempt(parts, held, current, chance)
    unused = tried?.ended.unused ?? unused
    if (tried === undefined || tried.ended.kind === 'outrun') continue
    if (repeated || !repeatAtOnce(tried.outcome, chance.tokens, need, parts.clock.now())) return tried.ended
    repeated = true
  }
  // Somebody writes here without the lock, over and over.
  throw new OAuthError('lock_timeout', { after: parts.lockTimeout })
}

interface Look {
  readonly step: Step
  readonly chance: Chance | undefined
  /** Somebody else has refreshed since, so that the server need not be asked for the sake of asking. */
  readonly adopted: boolean
}

function look(
  { clock, policy }: Refreshing,
  need: Need,
  current: Held | undefined,
  seen: StoredRecord | undefined,
): Look {
  const adopted = !sameTokens(current?.record, seen)
  const step = decide(current, adopted ? { ...need, force: false } : need, clock.now(), policy)
  return { step, chance: chanceOf(step, adopted), adopted }
}

/** The refresh token to present now. Nobody refreshes early what a sibling has just refreshed. */
function chanceOf(step: Step, adopted: boolean): Chance | undefined {
  if (step.do === 'refresh') return step.chance
  return step.do === 'serve' && !adopted ? step.renew : undefined
}

function concluded(step: Step, current: Held | undefined, adopted: boolean): Ended {
  const record = current?.record
  if (step.do === 'serve' && record !== undefined) return { kind: 'served', record, how: adopted ? 'adopted' : 'found' }
  const error = step.do === 'fail' ? step.error : new OAuthError('sign_in_required', { reason: 'absent' })
  return { kind: 'failed', error, record }
}

interface Attempt {
  readonly outcome: Outcome
  readonly ended: Ended | Outrun
}

/** Presents a refresh token once, unless it is not ours to present any more. */
async function attempt(
  parts: Refreshing,
  held: HeldStore,
  current: Held,
  { tokens, lost }: Chance,
): Promise<Attempt | undefined> {
  const { key, clock, owner } = parts
  const record = { ...current.record, tokens }
  const hash = current.hash || (await nameOf(parts, record))
  const fragile = parts.policy.rotation === 'until-first-use'
  const presentation: Presentation = { record, hash, owner, at: clock.now(), lost, fragile }
  if (!(await announce(held, key, presentation))) return undefined
  const { outcome, late } = await parts.present(record)
  if (late !== undefined) parts.onLate(lateEnd(parts, presentation, late))
  return { outcome, ended: await settle({ store: held, key, clock }, presentation, outcome) }
}

/** Writes the intent. Says whether the refresh token is ours to present. */
async function announce(held: HeldStore, key: string, presentation: Presentation): Promise<boolean> {
  let ours = false
  const change: RecordChange = (current) => {
    const next = withIntent(current, presentation)
    ours = next !== current
    return next
  }
  try {
    await held.update(key, change)
  } catch (error) {
    // It may have been written all the same, and would count as a presentation that was never answered.
    await held.update(key, (current) => withoutIntent(current, presentation)).catch(() => undefined)
    throw error
  }
  return ours
}

/**
 * Whether to show the refresh token once more right away: its answer was lost on the way, quickly,
 * and there is no good token to go on with. `decide` has the last word before it is.
 */
function repeatAtOnce(outcome: Outcome, tokens: TokenSet, need: Need, now: number): boolean {
  return outcome.kind === 'lost' && outcome.error.code === 'network' && !stillServes(tokens, need, now)
}

/** An answer that came after we gave up is committed all the same: the server has retired the old token. */
async function lateEnd(parts: Refreshing, presentation: Presentation, late: Promise<Outcome>): Promise<Ended> {
  return judged(parts, await settleOpenly(parts, presentation, await late))
}
