import type { Deposit, VaultRows } from './durable-object-storage.ts'

/** One end of a WebSocket, as Workers have it. */
export interface VaultSocket {
  accept(): void
  send(message: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message' | 'close' | 'error', listener: (event: { readonly data?: unknown }) => void): void
}

/** What somebody says who wants the lock, or comes back to it. */
export interface Claim {
  /** Random, and the same each time. */
  readonly token: string
  /** For how long the lock outlives its holder's last sign of life, in milliseconds. */
  readonly length: number
  /** For how long it can be held at all, in milliseconds. */
  readonly limit: number
  /** It was held before, over a connection that broke. */
  readonly again: boolean
}

/** What the object answers: it is yours, and this is what is stored; or others are before you. */
export interface ClaimAnswer {
  readonly granted: boolean
  readonly deposit?: Deposit | undefined
}

/** The object's end of a lock. */
export interface VaultQueue {
  /** Talks with somebody who wants the lock, until they have gone. */
  join(socket: VaultSocket): void
  /** Gives up a lock, or a place in the queue. */
  release(token: string): void
}

interface Waiter {
  readonly claim: Claim
  readonly socket: VaultSocket
}

/** Of a holder's lease, what is left when their connection breaks: enough to come back at once. */
const graceShare = 0.2

/**
 * Makes the queue of an object: first come, first served.
 *
 * Who holds the lock stands in storage, so that it outlives this memory: after a restart the holder has
 * a whole lease to come back, and keeps it by that. An open connection and its signs of life are all
 * that keeps a lock. A broken one may be a dead holder's or not, so that they have a moment to return.
 * An open one keeps a Worker's request alive, also when its caller has long gone: so there is an end to it.
 */
export function vaultQueue(rows: VaultRows): VaultQueue {
  const waiting: Waiter[] = []
  const leave = (waiter: Waiter): void => void (waiting.includes(waiter) && waiting.splice(waiting.indexOf(waiter), 1))
  let holder: Waiter | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let limit: ReturnType<typeof setTimeout> | undefined
  const orphan = rows.lease()
  if (orphan !== undefined) expire(orphan, orphan.length)

  function expire({ token }: Pick<Claim, 'token'>, after: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => release(token), after)
  }

  function grant(next: Waiter): void {
    holder = next
    expire(next.claim, next.claim.length)
    // Who comes back begins no new time.
    limit ??= setTimeout(() => dismiss(next.claim), next.claim.limit)
    say(next.socket, { granted: true, deposit: rows.deposit() })
  }

  function dismiss({ token }: Claim): void {
    if (holder !== undefined) sendAway(holder.socket)
    release(token)
  }

  function claim(next: Waiter): void {
    const lease = rows.lease()
    if (lease?.token === next.claim.token) return grant(next)
    // Others may have held it since. What was lost is not had again, even if it is free.
    if (next.claim.again) return say(next.socket, { granted: false })
    waiting.splice(placeOf(next, waiting), 1, next)
    if (lease === undefined) advance()
    else say(next.socket, { granted: false })
  }

  function advance(): void {
    const next = waiting.shift()
    holder = undefined
    clearTimeout(limit)
    limit = undefined
    rows.setLease(next?.claim)
    if (next !== undefined) grant(next)
  }

  function release(token: string): void {
    const waiter = waiting.find(({ claim }) => claim.token === token)
    if (waiter !== undefined) leave(waiter)
    if (rows.lease()?.token !== token) return
    clearTimeout(timer)
    advance()
  }

  function alive(waiter: Waiter, share: number): void {
    if (waiter === holder) expire(waiter.claim, waiter.claim.length * share)
  }

  return { join: (socket) => listen(socket, { claim, alive, leave }), release }
}

/** Whoever waits over a new connection keeps their place: the end of the old one may go unnoticed for a while. */
function placeOf({ claim: { token } }: Waiter, waiting: readonly Waiter[]): number {
  const place = waiting.findIndex(({ claim }) => claim.token === token)
  return place < 0 ? waiting.length : place
}

interface Listener {
  claim(waiter: Waiter): void
  /** There was a sign of life, or the last one, after which only a share of the lease is left. */
  alive(waiter: Waiter, share: number): void
  leave(waiter: Waiter): void
}

/** What is said first is the claim; whatever follows is a sign of life. */
function listen(socket: VaultSocket, { claim, alive, leave }: Listener): void {
  let own: Waiter | undefined
  socket.addEventListener('message', ({ data }) => {
    if (own !== undefined) return alive(own, 1)
    own = { claim: JSON.parse(String(data)) as Claim, socket }
    claim(own)
  })
  const gone = (): void => {
    hangUp(socket)
    if (own === undefined) return
    leave(own)
    alive(own, graceShare)
  }
  socket.addEventListener('close', gone)
  socket.addEventListener('error', gone)
  socket.accept()
}

function say(socket: VaultSocket, answer: ClaimAnswer): void {
  quietly(() => socket.send(JSON.stringify(answer)))
}

function sendAway(socket: VaultSocket): void {
  say(socket, { granted: false })
  hangUp(socket)
}

function hangUp(socket: VaultSocket): void {
  quietly(() => socket.close(1000))
}

/** A socket that is gone says so by an event. */
export function quietly(use: () => void): void {
  try {
    use()
  } catch {
    // As above.
  }
}
