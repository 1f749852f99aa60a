import type { Store } from '../../../src/contracts.ts'
import { OAuthError } from '../../../src/errors.ts'

/** A store that writes nothing while it is `full`. */
export interface Disk {
  full: boolean
  readonly store: Store
}

const full = new OAuthError('persist_failed', { where: 'test', reason: 'full' })

export function fullAtTimes(inner: Store, failure: OAuthError = full): Disk {
  const guard = <T>(work: () => Promise<T>): Promise<T> => (disk.full ? Promise.reject(failure) : work())
  const disk: Disk = {
    full: false,
    store: {
      ...inner,
      update: (key, change) => guard(() => inner.update(key, change)),
      lock: (key, task, options) =>
        inner.lock(
          key,
          (held) => task({ get: held.get, update: (name, change) => guard(() => held.update(name, change)) }),
          options,
        ),
    },
  }
  return disk
}
