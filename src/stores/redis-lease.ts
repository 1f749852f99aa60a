import type { LockOptions } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { toBase64url } from './base64url.ts'
import type { RedisCommand } from './redis-command.ts'
import { withinTime } from './within-time.ts'

/** A lock that is held, for as long as its name in Redis says its token. */
export interface Lease {
  readonly name: string
  /** New for each holder. What a write under the lease must show. */
  readonly token: string
  /** Never rejects, and never takes away a lease that is not ours any more. */
  release(): Promise<void>
}

/** The lock, and how long it outlives a sign of life, in milliseconds. */
export interface LeasePlace {
  readonly name: string
  readonly length: number
}

/** Between two looks: quick at first, so that a lock changes hands quickly; then cheap. */
const firstPause = 5
const longestPause = 100

/**
 * Waits for a lease and renews it until it is released.
 *
 * @throws OAuthError `lock_timeout`, `aborted`; or what the command throws.
 */
export async function holdLease(run: RedisCommand, place: LeasePlace, wait: LockOptions): Promise<Lease> {
  const { name, length } = place
  const token = toBase64url(crypto.getRandomValues(new Uint8Array(16)))
  const release = async (): Promise<void> => void (await run(releaseScript, [name], [token]).catch(() => undefined))
  let last: Promise<unknown> = Promise.resolve()
  const attempt = async (): Promise<boolean> => {
    last = run(acquireScript, [name], [token, `${length}`])
    const { signal } = wait
    return Number(await withinTime(last, { what: 'Redis', after: Infinity, ...(signal && { signal }) })) === 1
  }
  try {
    await acquire(attempt, wait)
  } catch (error) {
    // It may be ours, and nobody told us. By several connections, this would overtake what takes it.
    void last.then(release, release)
    throw error
  }
  const stop = renew(() => run(renewScript, [name], [token, `${length}`]), length)
  return {
    name,
    token,
    release: () => {
      stop()
      return release()
    },
  }
}

async function acquire(attempt: () => Promise<boolean>, { timeout, signal }: LockOptions): Promise<void> {
  const until = performance.now() + timeout
  for (let pause = firstPause; !(await attempt()); pause = Math.min(pause * 1.5, longestPause)) {
    const left = until - performance.now()
    if (left <= 0) throw new OAuthError('lock_timeout', { after: timeout })
    await sleep(Math.min(pause * (0.5 + Math.random()), left), signal)
    if (signal?.aborted === true) throw new OAuthError('aborted', {})
  }
}

/** Gives signs of life, until it is stopped or somebody else holds the lease. */
function renew(beat: () => Promise<unknown>, length: number): () => void {
  const timer = setInterval(() => {
    beat()
      .then((held) => Number(held) === 1 || clearInterval(timer))
      // The next sign of life may get through; else the lease ends, and `held.update` says so.
      .catch(() => undefined)
  }, length / 3)
  letGo(timer)
  return () => clearInterval(timer)
}

/** A task that waits for nothing does not keep a process alive by its lock. */
function letGo(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

/** Also when it is ours already: the answer to an earlier attempt may have been lost. */
const acquireScript = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`

const releaseScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`
