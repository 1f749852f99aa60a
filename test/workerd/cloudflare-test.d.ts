// Of the module that vitest's plugin brings. An ambient module cannot import types of ours: see bindings.ts.
declare module 'cloudflare:test' {
  export const env: unknown
  export function abortAllDurableObjects(): Promise<void>
  export function runInDurableObject(stub: unknown, task: unknown): Promise<unknown>
}
