import { isOAuthError, OAuthError } from '../errors.ts'
import { within } from './wait.ts'
import type { World } from './world.ts'

/**
 * Waits for a part of the program that only some jobs need, as long as for an answer of the server.
 *
 * Errors: `timeout`, and `network` where it cannot be loaded. Nothing was sent then.
 */
export async function loaded<T>(part: Promise<T>, { clock, timeout }: Pick<World, 'clock' | 'timeout'>): Promise<T> {
  try {
    return await within(part, 'a part of the program', timeout, clock)
  } catch (error) {
    if (isOAuthError(error)) throw error
    throw new OAuthError('network', { endpoint: 'script', sent: 'no', reason: 'a part of the program is missing' })
  }
}
