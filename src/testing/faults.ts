import type { HistoryEntry } from './history.ts'
import type { EndpointName } from './options.ts'

/** Before the endpoint has done anything, or after it has done all and only the answer is left. */
export type Moment = 'before-commit' | 'after-commit'

/** Which of an endpoint's calls. */
export interface FaultTarget {
  /** Only token requests with this `grant_type`. */
  readonly grant?: string
  /** Only the n-th call from now that would be hit, counted from 1. */
  readonly call?: number
}

/** What goes wrong with one call. Without any of it, the call goes as ever. */
export interface Fault extends FaultTarget {
  /**
   * When `latency`, `drop`, `status`, `body` and `redirect` strike. `after-commit` is the lost answer:
   * the server has rotated, and the caller does not know. @default 'before-commit'
   */
  readonly when?: Moment
  /** Waits so long by the server's clock, in milliseconds, and goes on. */
  readonly latency?: number
  /**
   * Ends the connection without an answer: `fetch` rejects, and a real socket is destroyed.
   *
   * Over a real socket the runtime may ask again by itself: Deno's `fetch` does so, also for a POST, unless
   * its body is a stream. The history shows both requests.
   */
  readonly drop?: true
  /** Answers with this status instead. */
  readonly status?: number
  /** `Retry-After`: seconds, or a date. */
  readonly retryAfter?: number | Date
  /** Answers with this body instead: text as it is (HTML when it begins with `<`), anything else as JSON. */
  readonly body?: string | Readonly<Record<string, unknown>>
  /** More headers for an answer that is made up. */
  readonly headers?: Readonly<Record<string, string>>
  /** Answers with a redirect there; `status` says which, else 302. */
  readonly redirect?: string
  /** Changes fields of the real JSON answer; `undefined` takes one away. */
  readonly fields?: Readonly<Record<string, unknown>>
  /**
   * Spoils the real answer: an HTML page in its place, half of it, 16 MiB of white space before it, or
   * its first byte and then white space for ever.
   */
  readonly damage?: 'html' | 'truncated' | 'huge' | 'endless'
}

/** A fault, or a decision made anew for each call; `grant` and `call` are then the function's own to look at. */
export type FaultPlan = Fault | ((call: HistoryEntry) => Omit<Fault, keyof FaultTarget> | undefined)

/** A call that is being held. */
export interface Hold {
  /** Resolves when the call is there. */
  readonly arrived: Promise<void>
  /** Lets it go on. A call that comes later is not held any more. */
  release(): void
}

/** Orders faults. `next` and `always` give a function that takes the order back. */
export interface Faults {
  /**
   * Strikes the next call, once. Several orders strike one call each, in the order given.
   *
   * @example
   * ```ts
   * server.faults.next('token', { grant: 'refresh_token', drop: true, when: 'after-commit' })
   * server.faults.next('token', { status: 429, retryAfter: 30 })
   * ```
   */
  next(endpoint: EndpointName, fault: FaultPlan): () => void
  /** Strikes every call that no `next` strikes; the latest order wins. */
  always(endpoint: EndpointName, fault: FaultPlan): () => void
  /**
   * Holds the next call until it is released, to force an order of events. It waits for ever
   * otherwise, so bound the test.
   *
   * @example
   * ```ts
   * const held = server.faults.hold('token', { when: 'after-commit' })
   * const refresh = client.getToken({ forceRefresh: true })
   * await held.arrived
   * await client.signOut()
   * held.release()
   * ```
   */
  hold(endpoint: EndpointName, options?: FaultTarget & { readonly when?: Moment }): Hold
  /** Takes back every order and releases every held call. */
  clear(): void
}

/** What strikes one call. */
export interface Strike {
  readonly fault?: Fault
  /** Waits while the call is held at this moment. */
  pass(moment: Moment): Promise<void>
}

interface Order {
  readonly endpoint: EndpointName
  readonly plan: FaultPlan
  readonly once: boolean
  calls: number
}

interface Gate extends FaultTarget {
  readonly endpoint: EndpointName
  readonly when: Moment
  calls: number
  /** A call stands at it, or has passed. */
  taken: boolean
  readonly arrive: () => void
  readonly released: Promise<void>
  readonly release: () => void
}

/** Gives the orders, and what picks from them for each call. */
export function createFaults(): { readonly faults: Faults; readonly strike: (entry: HistoryEntry) => Strike } {
  let orders: Order[] = []
  let gates: Gate[] = []
  const order = (endpoint: EndpointName, plan: FaultPlan, once: boolean): (() => void) => {
    const added: Order = { endpoint, plan, once, calls: 0 }
    // A standing order goes before the older standing ones, so that the latest wins.
    orders = once ? [...orders, added] : [added, ...orders]
    return () => {
      orders = orders.filter((other) => other !== added)
    }
  }
  const faults: Faults = {
    next: (endpoint, plan) => order(endpoint, plan, true),
    always: (endpoint, plan) => order(endpoint, plan, false),
    hold(endpoint, options = {}) {
      const gate = createGate(endpoint, options)
      gates = [...gates, gate.gate]
      return gate.hold
    },
    clear() {
      orders = []
      for (const gate of gates) gate.release()
      gates = []
    },
  }
  const take = (entry: HistoryEntry): Fault | undefined => {
    // Every order counts the call, also one that another strikes.
    const struck = orders.filter((candidate) => aims(candidate, entry))
    for (const candidate of [...struck.filter(({ once }) => once), ...struck.filter(({ once }) => !once)]) {
      const fault = typeof candidate.plan === 'function' ? candidate.plan(entry) : candidate.plan
      if (fault === undefined) continue
      if (candidate.once) orders = orders.filter((other) => other !== candidate)
      return fault
    }
    return undefined
  }
  const strike = (entry: HistoryEntry): Strike => {
    const fault = take(entry)
    const held = gates.filter((gate) => !gate.taken && gate.endpoint === entry.endpoint && hits(gate, gate, entry))
    for (const gate of held) gate.taken = true
    return { ...(fault !== undefined && { fault }), pass: (moment) => pass(held, moment) }
  }
  return { faults, strike }
}

function aims(order: Order, entry: HistoryEntry): boolean {
  if (order.endpoint !== entry.endpoint) return false
  return typeof order.plan === 'function' || hits(order.plan, order, entry)
}

function hits({ grant, call }: FaultTarget, counter: { calls: number }, entry: HistoryEntry): boolean {
  if (grant !== undefined && grant !== entry.grant) return false
  counter.calls += 1
  return call === undefined || call === counter.calls
}

async function pass(held: readonly Gate[], moment: Moment): Promise<void> {
  for (const gate of held.filter(({ when }) => when === moment)) {
    gate.arrive()
    await gate.released
  }
}

function createGate(
  endpoint: EndpointName,
  { when = 'before-commit', ...target }: FaultTarget & { readonly when?: Moment },
): { readonly gate: Gate; readonly hold: Hold } {
  let arrive = (): void => {}
  let release = (): void => {}
  const arrived = new Promise<void>((resolve) => (arrive = resolve))
  const released = new Promise<void>((resolve) => (release = resolve))
  const gate: Gate = { ...target, endpoint, when, calls: 0, taken: false, arrive, released, release }
  return { gate, hold: { arrived, release } }
}
