import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { toBase64url } from './base64url.ts'
import { type Claim, type ClaimAnswer, quietly, type VaultSocket } from './durable-object-queue.ts'
import type { Deposit } from './durable-object-storage.ts'
import { pause, type Vault } from './durable-object-stub.ts'

/** A lock that is held. */
export interface VaultLease {
  /** New for each holder. What a write under the lease must show. */
  readonly token: string
  /** What was stored when the lock was had. */
  readonly deposit: Deposit | undefined
  /** Never rejects. */
  release(): Promise<void>
}

/** How long a lease is, and how long an object may take to answer. Milliseconds. */
export interface LeaseTimes {
  readonly lease: number
  readonly timeout: number
}

/** For how long a task can have the lock after as much time as it would have waited for it, in milliseconds. */
const longestRequest = 30_000

/**
 * Waits for an object's lock over a connection that stays open as long as it is held.
 *
 * @throws OAuthError `lock_timeout`, `aborted`, `timeout`.
 */
export async function holdVaultLease(vault: Vault, times: LeaseTimes, wait: LockOptions): Promise<VaultLease> {
  const limit = Math.min(wait.timeout + longestRequest, 2 ** 31 - 1)
  const claim: Claim = { token: randomName(), length: times.lease, limit, again: false }
  const line = new AbortController()
  const release = async (): Promise<void> => {
    // Said and heard before the line is cut: an abrupt end looks like a death, and costs others a moment.
    await vault.call({ do: 'release', lease: claim.token }).catch(() => undefined)
    line.abort()
  }
  try {
    const deposit = await granted(vault, { claim, line: line.signal, timeout: times.timeout }, wait)
    return { token: claim.token, deposit, release }
  } catch (error) {
    // It may be ours, and nobody told us.
    void release()
    throw error
  }
}

/** A random name that nobody guesses. */
export function randomName(): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(16)))
}

interface Line {
  readonly claim: Claim
  /** Ends the connection. */
  readonly line: AbortSignal
  readonly timeout: number
}

function granted(vault: Vault, { claim, line, timeout }: Line, wait: LockOptions): Promise<Deposit | undefined> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const fail = (error: OAuthError): void => {
      settle()
      reject(error)
    }
    const abort = (): void => fail(new OAuthError('aborted', {}))
    let timer = setTimeout(
      () => fail(new OAuthError('timeout', { what: 'the Durable Object', after: timeout })),
      timeout,
    )
    const settle = (): void => {
      clearTimeout(timer)
      wait.signal?.removeEventListener('abort', abort)
    }
    wait.signal?.addEventListener('abort', abort)
    // Others are before us: it is their pace now that is waited for.
    const queued = (): void => {
      clearTimeout(timer)
      const left = began + wait.timeout - performance.now()
      timer = setTimeout(
        () => fail(new OAuthError('lock_timeout', { after: wait.timeout })),
        Math.min(Math.max(0, left), 2 ** 31 - 1),
      )
    }
    const held = (deposit: Deposit | undefined): void => {
      settle()
      resolve(deposit)
    }
    void stayOnLine(vault, claim, { line, queued, held })
  })
}

interface Listener {
  readonly line: AbortSignal
  queued(): void
  held(deposit: Deposit | undefined): void
}

/**
 * Keeps a connection open, through restarts of the object, until the line is cut; or until somebody else
 * holds what was ours.
 */
async function stayOnLine(vault: Vault, claim: Claim, { line, queued, held }: Listener): Promise<void> {
  let mine = false
  let lost = false
  for (let attempt = 0; !line.aborted && !lost; attempt++) {
    if (attempt > 0) await pause(Math.min(attempt - 1, 5))
    const socket = line.aborted ? undefined : await vault.connect().catch(() => undefined)
    if (socket === undefined) continue
    await talk(socket, { ...claim, again: mine }, line, (answer, hangUp) => {
      attempt = 0
      if (answer.granted) {
        mine = true
        held(answer.deposit)
      } else if (mine) {
        lost = true
        hangUp()
      } else queued()
    })
  }
}

type OnAnswer = (answer: ClaimAnswer, hangUp: () => void) => void

/** Claims over one connection, and gives signs of life, until it ends. */
function talk(socket: VaultSocket, claim: Claim, line: AbortSignal, onAnswer: OnAnswer): Promise<void> {
  return new Promise((resolve) => {
    const alive = setInterval(() => quietly(() => socket.send('alive')), claim.length / 3)
    const end = (): void => {
      clearInterval(alive)
      line.removeEventListener('abort', hangUp)
      resolve()
    }
    const hangUp = (): void => {
      quietly(() => socket.close(1000))
      end()
    }
    line.addEventListener('abort', hangUp)
    socket.addEventListener('message', ({ data }) => onAnswer(JSON.parse(String(data)) as ClaimAnswer, hangUp))
    socket.addEventListener('close', end)
    socket.addEventListener('error', end)
    // Who left while it was being opened claims nothing.
    if (line.aborted) hangUp()
    else quietly(() => socket.send(JSON.stringify(claim)))
  })
}
