import type { RefreshIntent, StoredRecord } from '../../../src/contracts.ts'
import type { Actor } from './scheduler.ts'
import { lineage } from './server-model.ts'

/** One presentation of a refresh token, followed from the intent to the commit. */
export interface Presentation {
  readonly actor: Actor
  readonly refreshToken: string
  /** Nobody has told the driver yet how it ended. */
  open: boolean
  /** The server took it. */
  accepted: boolean
  /** The driver was told that no answer came. */
  lost: boolean
  /** And then one came after all. */
  late: boolean
  /** What the server gave for it is stored, or is older than what is. */
  committed: boolean
  brought: string | undefined
  /** The driver was told that the refresh token is void. */
  refused: boolean
  /** Why a used refresh token was presented, where the server took that amiss. */
  reuse: string | undefined
  /** Earlier ones whose answer the store had refused to take when this one was announced. */
  readonly unwritten: readonly Presentation[]
}

/** How often what happened. */
export type Counts = Record<string, number>

/** Looks at everything that happens, and says what must not. */
export interface Judge {
  readonly defects: string[]
  readonly counts: Counts
  count(what: string): void
  defect(what: string): void
  presents(actor: Actor, refreshToken: string, stored: StoredRecord | undefined): Presentation
  /** The server has judged a presentation; `accepted` says how. */
  serverSaw(presentation: Presentation, accepted: boolean): void
  writes(actor: Actor, before: StoredRecord | undefined, after: StoredRecord | undefined): void
  /** A sign-in has begun; `saved` when it is over. */
  begins(family: number): void
  began(family: number, saved: boolean): void
  ending(actor: Actor, open: boolean): void
  /** The families whose sign-in has begun by now. */
  families(): readonly number[]
  /** Whether anybody has signed out, or has signed in a second time. */
  departed(): boolean
  readonly signedOut: ReadonlySet<number>
  /** Families whose sign-in was told that it could not be written, and may be at any time. */
  readonly unsaved: ReadonlySet<number>
  readonly stored: ReadonlySet<string>
  /** Who could not write something, and said so. */
  readonly holding: Set<Actor>
  readonly presentations: readonly Presentation[]
  /** Whether this one has tried to sign out. */
  departs(actor: Actor): boolean
  /**
   * Refresh tokens whose intent was written by somebody who then did not present them: killed, or told by
   * the store that it was not written, and could not take it back.
   */
  announced(): readonly string[]
  /** The nemesis took a living owner's lock away. */
  lockBroken: boolean
}

/**
 * @param countsRepeats Whether this client may repeat a presentation twice only.
 * @param faults How often the store has failed somebody.
 */
export function createJudge(rotates: boolean, countsRepeats: boolean, faults: (actor: Actor) => number): Judge {
  const defects: string[] = []
  const counts: Counts = {}
  const presentations: Presentation[] = []
  const stored = new Set<string>()
  const signedOut = new Set<number>()
  let intents: { readonly actor: Actor; readonly refreshToken: string; readonly intent: RefreshIntent }[] = []
  /** What the store had refused to take when somebody last announced a presentation. */
  const keptBack = new Map<Actor, readonly Presentation[]>()
  const begun = new Map<number, boolean>()
  const unsaved = new Set<number>()
  const ending = new Map<Actor, number>()

  const judge: Judge = {
    defects,
    counts,
    presentations,
    stored,
    signedOut,
    unsaved,
    holding: new Set(),
    lockBroken: false,
    announced: () =>
      intents.filter(({ actor }) => !actor.alive || faults(actor) > 1).map(({ refreshToken }) => refreshToken),
    count: (what) => (counts[what] = (counts[what] ?? 0) + 1),
    defect: (what) => defects.push(what),
    begins: (family) => begun.set(family, false),
    began(family, saved) {
      begun.set(family, saved)
      if (!saved) unsaved.add(family)
    },
    families: () => [...begun.keys()],
    departed: () => ending.size > 0 || begun.size > 1,
    departs: (actor) => ending.has(actor),
    ending: (actor, open) => ending.set(actor, (ending.get(actor) ?? 0) + (open ? 1 : -1)),

    presents(actor, refreshToken, record) {
      judge.count('presentations')
      const latest = intents.findLastIndex((intent) => intent.actor === actor)
      intents = intents.filter((_, index) => index !== latest)
      const { dead, intent, tokens } = record ?? {}
      const others = presentations.filter((other) => other.open && other.actor.alive)
      const earlier = presentations.filter((other) => other.refreshToken === refreshToken)
      if (!judge.lockBroken && others.length > 0) judge.defect('two refreshes are in flight at once')
      // A refusal that comes late is written without the lock, and takes the intent away.
      if (!judge.lockBroken && !earlier.some(({ late, refused }) => late && refused)) {
        if (dead?.hash === `h.${refreshToken}`) judge.defect('a refresh token is presented that is marked dead')
        if (tokens?.refreshToken === refreshToken && intent?.hash !== `h.${refreshToken}`) {
          judge.defect('a refresh token is presented without an intent')
        }
        if (earlier.some((other) => other.refused && other.actor.alive && faults(other.actor) === 0)) {
          judge.defect('a refused refresh token is presented again')
        }
        const answered = earlier.findLastIndex((other) => other.committed)
        const unanswered = earlier
          .slice(answered + 1)
          .filter((other) => (other.lost && !other.late) || (other.open && !other.actor.alive))
        if (countsRepeats && unanswered.length >= 2) judge.defect('a refresh token is presented a third time')
      }
      const presentation = {
        actor,
        refreshToken,
        open: true,
        accepted: false,
        lost: false,
        late: false,
        committed: false,
        brought: undefined,
        refused: false,
        reuse: undefined,
        unwritten: keptBack.get(actor) ?? [],
      }
      presentations.push(presentation)
      return presentation
    },

    serverSaw(presentation, accepted) {
      const { refreshToken } = presentation
      const earlier = presentations.filter(
        (other) => other !== presentation && other.refreshToken === refreshToken && other.accepted,
      )
      presentation.accepted = accepted
      if (earlier.length === 0 || !rotates) return
      const causes = earlier.map((other) => (presentation.unwritten.includes(other) ? 'not written' : causeOf(other)))
      const cause = causes.find((found) => found === 'defect') ?? causes[0]
      judge.count(`repeats: ${judge.lockBroken && cause === 'defect' ? 'lock broken' : cause}`)
      if (!accepted) presentation.reuse = cause
      if (cause === 'defect' && !judge.lockBroken) judge.defect('a used refresh token is presented for no reason')
    },

    writes(actor, before, after) {
      if (after === undefined) {
        if ((ending.get(actor) ?? 0) === 0) judge.defect('a record is removed though nobody signed out')
        if (before !== undefined) signedOut.add(familyOf(before))
        return
      }
      stored.add(after.tokens.accessToken)
      if (after.intent?.owner === actor.name && after.intent !== before?.intent) {
        intents.push({ actor, refreshToken: after.tokens.refreshToken ?? '', intent: after.intent })
        keptBack.set(actor, presentations.filter(isKeptBack))
      }
      if ((after.intent?.lost ?? -1) < (before?.intent?.lost ?? -1)) {
        intents = intents.filter(
          ({ intent }) => intent.at !== before?.intent?.at || intent.owner !== before.intent.owner,
        )
      }
      for (const presentation of presentations) {
        if (presentation.brought === after.tokens.accessToken || presentation.brought === after.tokens.refreshToken) {
          presentation.committed = true
        }
      }
      judgeWriting(before, after)
    },
  }

  function judgeWriting(before: StoredRecord | undefined, after: StoredRecord): void {
    const family = familyOf(after)
    const signingIn = begun.get(family) === false || unsaved.has(family)
    if (signedOut.has(family) && !unsaved.has(family)) judge.defect('a session that was signed out is stored again')
    if (before === undefined) {
      if (!signingIn) judge.defect('a record is stored though nobody signed in')
    } else if (familyOf(before) !== family) {
      if (!signingIn) judge.defect("another session's record is overwritten")
    } else if (isOlder(after, before)) judge.defect('an older generation overwrites a newer one')
  }

  /** Why a refresh token is shown again that this earlier presentation used up. */
  function causeOf(earlier: Presentation): string {
    if (earlier.lost) return 'answer lost'
    if (unsaved.has(lineage(earlier.refreshToken).family)) return 'not written'
    if (!earlier.actor.alive && !earlier.committed) return 'owner killed'
    return isKeptBack(earlier) ? 'not written' : 'defect'
  }

  /** Whether the server's answer could not be written: it may be at any time. */
  function isKeptBack({ accepted, committed, actor }: Presentation): boolean {
    return accepted && !committed && (judge.holding.has(actor) || faults(actor) > 0)
  }

  return judge
}

function familyOf(record: StoredRecord): number {
  return lineage(record.tokens.refreshToken ?? '').family
}

function isOlder(after: StoredRecord, before: StoredRecord): boolean {
  const [now, then] = [after, before].map(({ tokens }) => lineage(tokens.refreshToken ?? ''))
  if (now === undefined || then === undefined) return false
  if (now.serial !== then.serial) return now.generation <= then.generation
  // An earlier request, by the clock and by the server: one alone proves nothing.
  const [serial, earlier] = [after, before].map(({ tokens }) => lineage(tokens.accessToken).serial)
  return (serial ?? 0) < (earlier ?? 0) && (after.tokens.obtainedAt ?? 0) < (before.tokens.obtainedAt ?? 0)
}
