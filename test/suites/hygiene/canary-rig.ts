import { clientSecretBasic, memoryStore, memoryTransactions } from '../../../src/index.ts'
import type { ClientOptions, Store, Transaction, TransactionStore } from '../../../src/index.ts'
import type { AuthorizationServerOptions } from '../../../src/testing/index.ts'
import { rig } from '../client/rig.ts'
import type { Rig } from '../client/rig.ts'
import { leaksIn } from './leak-scan.ts'

/** A rig that knows every secret that passes, and every URL that is asked for. */
export interface CanaryRig extends Rig {
  /** Each secret, and what it is. */
  readonly secrets: Map<string, string>
  readonly urls: string[]
  /** What can be seen from outside, beside what was thrown. */
  visible(): readonly unknown[]
  /** Names what `value`, or anything else that can be seen, shows of the secrets. */
  leaks(value: unknown): string[]
}

export interface CanaryOptions {
  readonly server?: AuthorizationServerOptions
  readonly client?: Partial<ClientOptions>
  /** Repeats what it was sent wherever it can: the worst server that there is. */
  readonly echo?: boolean
  /** A secret of the client, where it is not a public one. */
  readonly secret?: string
}

/** Makes the rig. Console output is collected by the test, which owns the console. */
export function canaryRig({ server, client, echo = false, secret }: CanaryOptions = {}): CanaryRig {
  const secrets = new Map<string, string>()
  const urls: string[] = []
  if (secret !== undefined) secrets.set(secret, 'client secret')
  const clients = [
    {
      clientId: 'app',
      redirectUris: ['https://app.example.com/callback'],
      ...(secret !== undefined && { authMethod: 'client_secret_basic' as const, clientSecret: secret }),
    },
  ]
  const made = rig({
    server: { clients, ...server },
    client: {
      store: knowing(memoryStore(), secrets),
      transactions: knowingTransactions(secrets),
      ...(secret !== undefined && { clientAuth: clientSecretBasic(secret) }),
      ...client,
    },
    between: (fetch) => async (input, init) => {
      const request = new Request(input, init)
      urls.push(request.url)
      if (!echo) return fetch(request)
      const sent = await request.clone().text()
      const answer = await fetch(request)
      return answer.ok ? answer : echoed(answer, sent, request)
    },
  })
  made.server.tamper.tokenResponse = (body) => {
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      if (typeof body[name] === 'string') secrets.set(body[name], name)
    }
    return body
  }
  const visible = (): readonly unknown[] => [
    made.client,
    made.client.provider,
    made.client.getSnapshot(),
    made.events,
    ...urls,
  ]
  return { ...made, secrets, urls, visible, leaks: (value) => leaksIn([value, visible()], secrets) }
}

/** An error answer that repeats the request in every text that a client may show. */
function echoed(answer: Response, sent: string, request: Request): Response {
  const repeated = `${decodeURIComponent(sent)} ${sent} ${request.headers.get('authorization')}`
  const fields = Object.fromEntries(new URLSearchParams(sent))
  const first = fields['refresh_token'] ?? fields['code'] ?? fields['token'] ?? 'invalid_request'
  return Response.json(
    { error: first, error_description: repeated, error_uri: `https://as.latchkey.test/?${sent}`, ...fields },
    { status: answer.status, headers: { 'www-authenticate': `Bearer error="${first}"` } },
  )
}

function knowing(store: Store, secrets: Map<string, string>): Store {
  return {
    ...store,
    update: (key, change) =>
      store.update(key, (current) => {
        const next = change(current)
        if (next !== undefined) {
          secrets.set(next.tokens.accessToken, 'access_token')
          if (next.tokens.refreshToken !== undefined) secrets.set(next.tokens.refreshToken, 'refresh_token')
        }
        return next
      }),
  }
}

function knowingTransactions(secrets: Map<string, string>): TransactionStore {
  const inner = memoryTransactions({ clock: { now: () => 0 } })
  return {
    ...inner,
    async put(transaction: Transaction) {
      secrets.set(transaction.state, 'state')
      secrets.set(transaction.codeVerifier, 'code_verifier')
      if (transaction.nonce !== undefined) secrets.set(transaction.nonce, 'nonce')
      await inner.put(transaction)
    },
  }
}
