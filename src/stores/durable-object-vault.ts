import { type VaultQueue, type VaultSocket, vaultQueue } from './durable-object-queue.ts'
import { type VaultTurns, vaultTurns } from './durable-object-turns.ts'
import { type Deposit, type VaultRows, type VaultStorage, vaultRows } from './durable-object-storage.ts'

/** The part of a Durable Object's state that we use. */
export interface VaultContext {
  readonly storage: VaultStorage
}

/** What a store asks of an object. */
export type VaultCall =
  | { readonly do: 'read' }
  /** Writes where `expected` still stands (`''`: nothing), and only while `lease`, if there is one, is held. */
  | {
      readonly do: 'write'
      readonly expected: string
      readonly next?: Deposit
      readonly lease?: string
      readonly turn?: string
    }
  /** Reads when it is one's turn. A write ends it, and so does a moment without one. */
  | { readonly do: 'take turn'; readonly turn: string }
  | { readonly do: 'release'; readonly lease: string }
  | { readonly do: 'names'; readonly after: string; readonly limit: number }
  | { readonly do: 'add name' | 'remove name'; readonly name: string; readonly tag: string }

/** What an object answers. */
export interface VaultAnswer {
  readonly outcome: 'done' | 'changed' | 'lost'
  /** What is stored now. */
  readonly deposit?: Deposit | undefined
  readonly names?: readonly string[]
}

/**
 * The Durable Object behind `durableObjectStore`: one for each account, and one that knows their names.
 *
 * Export it from your Worker's main module, and bind it with SQLite storage. It holds what the store gives
 * it, decides who of many writers wrote first, and whose turn it is. It asks nobody, and answers only the
 * Worker that has the binding.
 *
 * @example
 * ```ts
 * // wrangler.jsonc: "durable_objects": { "bindings": [{ "name": "VAULT", "class_name": "TokenVault" }] },
 * //                 "migrations": [{ "tag": "v1", "new_sqlite_classes": ["TokenVault"] }]
 * export { TokenVault } from 'latchkey/stores/durable-object'
 * ```
 *
 * @see {@link https://developers.cloudflare.com/durable-objects/ Durable Objects}
 */
export class TokenVault {
  readonly #rows: VaultRows
  readonly #queue: VaultQueue
  readonly #turns: VaultTurns = vaultTurns()

  constructor(ctx: VaultContext, _env?: unknown) {
    this.#rows = vaultRows(ctx.storage)
    this.#queue = vaultQueue(this.#rows)
  }

  async fetch(request: Request): Promise<Response> {
    if (request.headers.get('upgrade') === 'websocket') return connected((socket) => this.#queue.join(socket))
    const call = (await request.json()) as VaultCall
    if (call.do === 'take turn') await this.#turns.wait(call.turn)
    return Response.json(this.#answer(call))
  }

  #answer(call: VaultCall): VaultAnswer {
    const rows = this.#rows
    switch (call.do) {
      case 'read':
      case 'take turn':
        return { outcome: 'done', deposit: rows.deposit() }
      case 'write':
        if (call.turn !== undefined) this.#turns.end(call.turn)
        return written(rows, call)
      case 'release':
        this.#queue.release(call.lease)
        return { outcome: 'done' }
      case 'names':
        return { outcome: 'done', names: rows.names(call.after, call.limit) }
      case 'add name':
        rows.addName(call.name, call.tag)
        return { outcome: 'done' }
      case 'remove name':
        rows.removeName(call.name, call.tag)
        return { outcome: 'done' }
    }
  }
}

function written(rows: VaultRows, { expected, next, lease }: VaultCall & { readonly do: 'write' }): VaultAnswer {
  const deposit = rows.deposit()
  // Asked again because our answer was lost.
  if (next !== undefined && deposit?.revision === next.revision) return { outcome: 'done', deposit }
  if (lease !== undefined && rows.lease()?.token !== lease) return { outcome: 'lost', deposit }
  if ((deposit?.revision ?? '') !== expected) return { outcome: 'changed', deposit }
  rows.setDeposit(next)
  return { outcome: 'done', deposit: next }
}

function connected(join: (socket: VaultSocket) => void): Response {
  const { WebSocketPair } = globalThis as unknown as { readonly WebSocketPair: new () => readonly VaultSocket[] }
  const { 0: theirs, 1: ours } = new WebSocketPair()
  if (ours !== undefined) join(ours)
  return new Response(undefined, { status: 101, webSocket: theirs } as ResponseInit)
}
