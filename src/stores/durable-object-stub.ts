import { OAuthError } from '../errors.ts'
import type { VaultSocket } from './durable-object-queue.ts'
import type { VaultAnswer, VaultCall } from './durable-object-vault.ts'
import { withinTime } from './within-time.ts'

/** The part of a Durable Object's stub that we use. */
export interface VaultStub {
  fetch(url: string, init?: RequestInit): Promise<Response>
}

/** The part of a Durable Object's binding that we use: `env.VAULT`, or `env.VAULT.jurisdiction('eu')`. */
export interface VaultNamespace {
  idFromName(name: string): object
  get(id: object): VaultStub
}

/** One object, as a store talks with it. */
export interface Vault {
  call(call: VaultCall): Promise<VaultAnswer>
  connect(): Promise<VaultSocket>
}

/** How often a call is made, counting the first. */
const attempts = 5

/**
 * Names one object. A call that an object's restart has interrupted is made again: each may be made
 * twice with the same result.
 *
 * @throws OAuthError `persist_failed`, `timeout`.
 */
export function vault(namespace: VaultNamespace, name: string, timeout: number): Vault {
  // A stub breaks with the object's instance, so that each attempt takes a new one.
  const ask = async (init: RequestInit): Promise<Response> =>
    namespace.get(namespace.idFromName(name)).fetch('https://vault/', init)

  async function call(given: VaultCall): Promise<VaultAnswer> {
    const response = await ask({ method: 'POST', body: JSON.stringify(given) })
    if (!response.ok) throw new TypeError('The object answers with an error.')
    return (await response.json()) as VaultAnswer
  }

  return {
    call: (given) =>
      withinTime(
        repeated(() => call(given)),
        { what: place, after: timeout },
      ),
    connect: async () => {
      const { webSocket } = (await ask({ headers: { upgrade: 'websocket' } })) as { readonly webSocket?: VaultSocket }
      if (webSocket === undefined) throw new TypeError('The object takes no connection.')
      webSocket.accept()
      return webSocket
    },
  }
}

const place = 'the Durable Object'

async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; attempt < attempts; attempt++) {
    try {
      return await ask()
    } catch {
      await pause(attempt)
    }
  }
  // The native text is left out: it may come from anybody's code.
  return ask().catch(() => {
    throw new OAuthError('persist_failed', { where: place, reason: 'it gave no answer' })
  })
}

/** Waits longer each time, and never as long as others who began to wait together. */
export function pause(attempt: number): Promise<void> {
  const ms = Math.min(10 * 2 ** attempt, 500) * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
