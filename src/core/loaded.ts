import { OAuthError } from '../errors.ts'

/**
 * Waits for a part of the program that only some jobs need.
 *
 * Errors: `network` where it cannot be loaded. Nothing was sent then.
 */
export async function loaded<T>(part: Promise<T>): Promise<T> {
  try {
    return await part
  } catch {
    throw new OAuthError('network', { endpoint: 'script', sent: 'no', reason: 'a part of the program is missing' })
  }
}
