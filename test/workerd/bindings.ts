import * as cloudflare from 'cloudflare:test'
import type { KVBinding } from '../../src/stores/cloudflare-kv.ts'
import type { VaultContext, VaultNamespace, VaultStub } from '../../src/stores/durable-object.ts'

/** What the tests' Worker is bound to. */
export const { KV, VAULT } = cloudflare.env as { readonly KV: KVBinding; readonly VAULT: VaultNamespace }

/** Takes the memory of all objects, as a crash does. */
export const crashAllObjects: () => Promise<void> = cloudflare.abortAllDurableObjects

/** Runs `task` in an object, in place of its `fetch`. */
export function runInObject<T>(stub: VaultStub, task: (state: VaultContext) => T): Promise<Awaited<T>> {
  return cloudflare.runInDurableObject(stub, (_: unknown, state: VaultContext) => task(state)) as Promise<Awaited<T>>
}

/** The objects' binding with another `fetch`. */
export function through(
  fetch: (stub: VaultStub, url: string, init?: RequestInit) => Promise<Response>,
): VaultNamespace {
  return {
    idFromName: (name) => VAULT.idFromName(name),
    get: (id) => ({ fetch: (url, init) => fetch(VAULT.get(id), url, init) }),
  }
}

/** An answer that may have brought a connection. */
export interface Socketed {
  readonly webSocket?: { close(code: number): void; send(text: string): void; accept(): void }
}
