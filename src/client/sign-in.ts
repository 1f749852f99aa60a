import { parseCallback } from '../core/callback.ts'
import type { ParsedCallback } from '../core/callback.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { untilAborted } from '../core/wait.ts'
import type { Callback, Client, SignInResult } from './client.ts'
import { deviceSignIn } from './device-sign-in.ts'
import { claimTransaction, finishSignIn } from './finish-sign-in.ts'
import { ownOptions } from './own-options.ts'
import type { SignInParts } from './settle-grant.ts'
import { startSignIn } from './start-sign-in.ts'

/** The ways to sign in. */
export type SignIn = Pick<Client, 'start' | 'finish' | 'device'>

/** How many sign-ins are remembered, so that a callback that comes twice gets the same answer. */
const remembered = 32

/** A callback that was acted upon. */
interface Attempt {
  readonly state: string
  readonly result: Promise<SignInResult>
}

/** Makes the ways to sign in. */
export function signIn(parts: SignInParts): SignIn {
  const { config } = parts
  const attempts = new Map<string, Attempt>()
  /** When the sign-ins begun here end, by their state. */
  const started = new Map<string, number>()

  /** Only a callback whose transaction was used up has had its answer; any other may come again. */
  async function attempt(name: string, parsed: ParsedCallback, state: string): Promise<SignInResult> {
    const claim = await claimTransaction(parts, parsed, state).catch((error: unknown) => {
      attempts.delete(name)
      throw error
    })
    if (claim !== undefined) return finishSignIn(parts, parsed, claim)
    attempts.delete(name)
    throw unclaimed(state)
  }

  function unclaimed(state: string): OAuthError {
    if ([...attempts.values()].some((other) => other.state === state)) return new OAuthError('transaction_missing', {})
    const expiresAt = started.get(state)
    if (expiresAt !== undefined && config.world.clock.now() >= expiresAt) {
      return new OAuthError('transaction_expired', { after: config.transactionTimeout })
    }
    return new OAuthError('state_mismatch', { reason: 'unknown' })
  }

  return {
    async start(options) {
      const own = ownOptions('start', options)
      checkNotAborted(own.signal)
      const begun = await untilAborted(startSignIn(parts, own), own.signal)
      limited(started, begun.state, config.world.clock.now() + config.transactionTimeout)
      return begun
    },

    async finish(callback, options) {
      const { signal } = ownOptions('finish', options)
      checkNotAborted(signal)
      const parsed = readCallback(callback)
      const name = parsed.params.toString()
      const known = attempts.get(name)
      if (known !== undefined) return untilAborted(known.result, signal)
      const state = parsed.params.get('state') ?? ''
      if (state === '') throw new OAuthError('state_mismatch', { reason: 'missing' })
      const result = attempt(name, parsed, state)
      limited(attempts, name, { state, result })
      return untilAborted(result, signal)
    },

    async device(options) {
      const own = ownOptions('device', options)
      checkNotAborted(own.signal)
      return untilAborted(deviceSignIn(parts, own), own.signal)
    },
  }
}

function readCallback(callback: Callback): ParsedCallback {
  try {
    return parseCallback(callback)
  } catch (error) {
    throw isOAuthError(error) ? error : new TypeError('A callback is a URL, URLSearchParams or a string.')
  }
}

function checkNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new OAuthError('aborted', {})
}

function limited<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value)
  for (const oldest of map.keys()) {
    if (map.size <= remembered) break
    map.delete(oldest)
  }
}
