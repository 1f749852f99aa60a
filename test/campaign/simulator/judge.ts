import type { StoredRecord } from '../../../src/contracts.ts'
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
  /** Whether anybody has signed out, or has signed in a second time. */
  departed(): boolean
  readonly signedOut: ReadonlySet<number>
  /** Families whose sign-in was told that it could not be written, and may be at any time. */
  readonly unsaved: ReadonlySet<number>
  readonly stored: ReadonlySet<string>
  readonly presentations: readonly Presentation[]
  /** Refresh tokens whose intent was written by somebody who was killed before it could present them. */
  announced(): readonly string[]
  /** The nemesis took a living owner's lock away. */
  lockBroken: boolean
}

/**
 * @param countsRepeats Whether this client may repeat a presentation twice only.
 * @param faulty Whether the store has failed.
 */
export function createJudge(rotates: boolean, countsRepeats: boolean, faulty: () => boolean): Judge {
  const defects: string[] = []
  const counts: Counts = {}
  const presentations: Presentation[] = []
  const stored = new Set<string>()
  const signedOut = new Set<number>()
  let intents: { readonly actor: Actor; readonly refreshToken: string }[] = []
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
    lockBroken: false,
    announced: () => intents.filter(({ actor }) => !actor.alive).map(({ refreshToken }) => refreshToken),
    count: (what) => (counts[what] = (counts[what] ?? 0) + 1),
    defect: (what) => defects.push(what),
    begins: (family) => begun.set(family, false),
    began(family, saved) {
      begun.set(family, saved)
      if (!saved) unsaved.add(family)
    },
    departed: () => ending.size > 0 || begun.size > 1,
    ending: (actor, open) => ending.set(actor, (ending.get(actor) ?? 0) + (open ? 1 : -1)),

    presents(actor, refreshToken, record) {
      judge.count('presentations')
      intents = intents.filter((intent) => intent.actor !== actor)
      const { dead, intent, tokens } = record ?? {}
      const others = presentations.filter((other) => other.open && other.actor.alive)
      // A refusal that comes late is written without the lock.
      const refusedLate = presentations.some(({ late, refused }) => late && refused)
      if (!judge.lockBroken && !refusedLate) {
        if (others.length > 0) judge.defect('two refreshes are in flight at once')
        if (dead?.hash === `h.${refreshToken}`) judge.defect('a refresh token is presented that is marked dead')
        if (tokens?.refreshToken === refreshToken && intent?.hash !== `h.${refreshToken}`) {
          judge.defect('a refresh token is presented without an intent')
        }
        const earlier = presentations.filter((other) => other.refreshToken === refreshToken)
        if (!faulty() && earlier.some((other) => other.refused && other.actor.alive)) {
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
      const cause = earlier.map(causeOf).find((found) => found === 'defect') ?? causeOf(earlier[0])
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
        intents.push({ actor, refreshToken: after.tokens.refreshToken ?? '' })
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
  function causeOf(earlier: Presentation | undefined): string {
    if (earlier === undefined) return 'none'
    if (earlier.lost) return 'answer lost'
    if (unsaved.has(lineage(earlier.refreshToken).family)) return 'not written'
    if (!earlier.actor.alive && !earlier.committed) return 'owner killed'
    if (!earlier.committed && (counts['persist-failed'] ?? 0) > 0) return 'not written'
    return 'defect'
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
