declare module 'cloudflare:test' {
  import type { KVBinding } from '../../src/stores/cloudflare-kv.ts'
  import type { VaultContext, VaultNamespace, VaultStub } from '../../src/stores/durable-object.ts'

  export const env: { readonly KV: KVBinding; readonly VAULT: VaultNamespace }
  /** Takes the memory of all objects, as a crash does. */
  export function abortAllDurableObjects(): Promise<void>
  /** Runs `task` in the object, in place of its `fetch`. */
  export function runInDurableObject<T>(
    stub: VaultStub,
    task: (instance: unknown, state: VaultContext) => T | Promise<T>,
  ): Promise<T>
}
