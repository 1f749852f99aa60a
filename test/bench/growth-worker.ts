// A Worker whose Durable Objects hold accounts, and doors to them for the bench.

import { durableObjectStore, TokenVault as Vault } from '../../src/stores/durable-object.ts'
import type { VaultContext, VaultNamespace } from '../../src/stores/durable-object.ts'
import { acts, fill } from './growth-acts.ts'

/** The object, with a door by which many names come at once. */
export class TokenVault extends Vault {
  readonly #context: VaultContext

  constructor(context: VaultContext, env: unknown) {
    super(context, env)
    this.#context = context
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== '/fill-names') return super.fetch(request)
    const { sql } = this.#context.storage
    for (let index = Number(searchParams.get('from')); index < Number(searchParams.get('to')); index++) {
      sql.exec('INSERT INTO names VALUES (?, ?)', JSON.stringify(`slot${index}`), `tag${index}`)
    }
    return new Response()
  }
}

// oxlint-disable-next-line import/no-default-export -- Workers are found by their default export.
export default {
  async fetch(request: Request, { VAULT }: { readonly VAULT: VaultNamespace }): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const size = Number(searchParams.get('size'))
    const store = durableObjectStore(VAULT, { prefix: `growth${size}` })
    if (pathname === '/fill') {
      const objects = Math.min(size, Number(searchParams.get('objects')))
      await fill(store, 0, objects)
      const index = VAULT.get(VAULT.idFromName(`growth${size}#names`))
      await index.fetch(`https://vault/fill-names?from=${objects}&to=${size}`)
      return Response.json((await store.keys()).length)
    }
    const act = acts[searchParams.get('act') ?? '']
    await act?.(store)
    return new Response('', { status: act === undefined ? 404 : 200 })
  },
}
