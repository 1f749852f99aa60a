import type { ClientAuthMethod, EndpointName } from './options.ts'

/** One request, and what became of it. It holds no secret: those stand as fingerprints. */
export interface HistoryEntry {
  /** When it arrived, by the server's clock. */
  readonly at: number
  /** Whose address it went to. */
  readonly endpoint: EndpointName | 'unknown'
  /** `GET`, `POST`, … */
  readonly method: string
  /** The URL's path, without its query. */
  readonly path: string
  /** The form's fields, or the query's. Secrets are replaced: see `fingerprint`. */
  readonly params: Readonly<Record<string, string>>
  /** Lower-case names. Of `authorization` the scheme and a fingerprint remain. */
  readonly headers: Readonly<Record<string, string>>
  /** `grant_type` of a token request. */
  readonly grant?: string
  /** The client that asked, as far as it was named. */
  readonly clientId?: string
  /** How the client authenticated itself. */
  readonly authMethod?: ClientAuthMethod
  /** What was answered. Absent while a request is in hand, and for ever if no answer went out. */
  readonly status?: number
  /** The error code of a refusal. */
  readonly error?: string
  /** What the endpoint did for itself is done: from here on, a lost answer is a lost token. */
  readonly committed?: boolean
  /** A fault was at work. */
  readonly fault?: boolean
  /** The `sub` of the person concerned. */
  readonly subject?: string
  /** The number of the refresh token that was presented: `rt-1`, `rt-2`, … */
  readonly refreshTokenId?: string
  /** How many refreshes lie before the refresh token that was presented. */
  readonly generation?: number
  /** The sign-in that the tokens descend from. */
  readonly family?: string
  /** A void refresh token or a used code was presented. */
  readonly reuse?: boolean
  /** A used refresh token was presented, and the policy let it pass. */
  readonly repeat?: boolean
}

/** An entry that the server still writes to. */
export type OpenEntry = { -readonly [Field in keyof HistoryEntry]: HistoryEntry[Field] }

/** Which entries: those whose fields all equal these. */
export type HistoryFilter = Partial<Omit<HistoryEntry, 'params' | 'headers'>>

/** Everything that was asked of the server, in the order of arrival. It only grows. */
export interface History {
  /** All of them; the array grows as requests arrive. */
  readonly entries: readonly HistoryEntry[]
  /** The entries whose fields all equal those of `filter`. */
  filter(filter: HistoryFilter): readonly HistoryEntry[]
  /**
   * How many entries `filter` admits; all of them without one.
   *
   * @example
   * ```ts
   * expect(server.history.count({ endpoint: 'token', grant: 'refresh_token' })).toBe(1)
   * ```
   */
  count(filter?: HistoryFilter): number
  /** The latest request to `endpoint`, or the latest that `filter` admits. */
  last(which?: EndpointName | HistoryFilter): HistoryEntry | undefined
}

/** Gives the history over `entries`, which the server appends to. */
export function historyOf(entries: readonly HistoryEntry[]): History {
  const filter = (wanted: HistoryFilter): readonly HistoryEntry[] =>
    entries.filter((entry) =>
      Object.entries(wanted).every(([name, value]) => (entry as unknown as Record<string, unknown>)[name] === value),
    )
  return {
    entries,
    filter,
    count: (wanted = {}) => filter(wanted).length,
    last: (which = {}) => filter(typeof which === 'string' ? { endpoint: which } : which).at(-1),
  }
}
