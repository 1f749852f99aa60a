import type { Presentation } from './server.ts'
import type { Sightings } from './store-commands.ts'

/** What the server's history, the store's and the processes' together say about used refresh tokens. */
export interface Judgement {
  readonly presentations: number
  readonly refreshed: number
  /** A used token was shown again, and nobody could have known better. */
  readonly unavoidable: number
  /** A used token was shown again, and somebody could. */
  readonly avoidable: readonly string[]
  /** The most often that one refresh token was shown. */
  readonly most: number
}

export interface Evidence {
  readonly presentations: readonly Presentation[]
  /** When which process was killed or stopped. */
  readonly killed: ReadonlyMap<string, number>
  readonly generations?: Sightings['generations']
}

/**
 * Judges every refresh token that was shown more than once.
 *
 * Unavoidable: the owner of the presentation before was killed, or its answer lost, before this one, and no
 * other refresh token was in the store by then.
 */
export function judgeReuse({ presentations, killed, generations = [] }: Evidence): Judgement {
  const shown = new Map<string, Presentation[]>()
  for (const presentation of presentations) {
    shown.set(presentation.presented, [...(shown.get(presentation.presented) ?? []), presentation])
  }
  const avoidable: string[] = []
  let unavoidable = 0
  for (const [, [first, ...later]] of shown) {
    let before = first
    for (const again of later) {
      const complaint = before === undefined ? undefined : complain(before, again, { killed, generations })
      if (complaint === undefined) unavoidable += 1
      else avoidable.push(complaint)
      before = again
    }
  }
  return {
    presentations: presentations.length,
    refreshed: presentations.filter(({ status }) => status === 200).length,
    unavoidable,
    avoidable,
    most: Math.max(0, ...[...shown.values()].map(({ length }) => length)),
  }
}

function complain(
  before: Presentation,
  again: Presentation,
  { killed, generations }: Required<Omit<Evidence, 'presentations'>>,
): string | undefined {
  const name = `${again.token ?? '?'} by ${before.worker}, then by ${again.worker}`
  const died = killed.get(before.worker)
  // The server's clock and ours are one; a kill is noted just before it happens.
  const silent = before.lost || (died !== undefined && died <= again.at)
  if (!silent) return `${name}: the one before was alive and had its answer (${before.status}, ${before.error ?? 'ok'})`
  const stored = generations.filter(([at]) => at < again.at).at(-1)
  if (stored !== undefined && stored[1] !== again.presented) return `${name}: the store held another one already`
  return undefined
}
