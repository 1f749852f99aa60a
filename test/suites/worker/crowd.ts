import type { Fetch, StoredRecord } from '../../../src/index.ts'
import { generateProofKey } from '../../../src/core/index.ts'
import { memoryStore, none } from '../../../src/index.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { newAccount, slotOf } from '../../../src/worker/account-key.ts'
import { openWorkerHandler } from '../../../src/worker/worker-handler.ts'
import type { OpenedWorkerHandler } from '../../../src/worker/worker-handler.ts'
import { cookieSecret, origin, sessionCookie } from './rig.ts'

/** Many people with a session each, before an API that says who it takes each request for. */
export interface Crowd {
  readonly handler: OpenedWorkerHandler
  /** Each one's name and `Cookie` header. */
  readonly people: readonly { readonly name: string; readonly cookie: string }[]
  /** What the API and the server were asked. */
  readonly asked: { api: number; refreshes: number; reused: number; challenged: number; refused: number }
}

const api = 'https://api.latchkey.test'
const server = 'https://as.latchkey.test'

/** A generator of numbers from 0 to 1 that gives the same ones each time (a linear congruential one). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** Makes the crowd. Every second person's tokens are bound to a key, so that the API asks for nonces. */
export async function gather(size: number): Promise<Crowd> {
  const asked = { api: 0, refreshes: 0, reused: 0, challenged: 0, refused: 0 }
  const owners = new Map<string, string>()
  const store = memoryStore()
  const provider = oauth2({
    id: 'crowd',
    name: 'Crowd',
    endpoints: { authorization: `${server}/authorize`, token: `${server}/token` },
    rotation: 'strict',
  })
  const handler = openWorkerHandler({
    publicUrl: origin,
    provider,
    clientId: 'app',
    clientAuth: none(),
    cookieSecret,
    store,
    proxy: [{ from: '/api', to: api, methods: ['GET', 'POST'], paths: ['/me'] }],
    fetch: world(owners, asked),
  })
  const keys = await Promise.all(Array.from({ length: 4 }, () => generateProofKey({ extractable: false })))
  const people = await Promise.all(
    Array.from({ length: size }, async (_, index) => {
      const name = `person-${index}-`
      const account = newAccount(Date.now() + 3_600_000)
      const proofKey = keys[index % 8]
      await store.update(slotOf('crowd', account), () => record(owners, name, proofKey))
      const value = await handler.desk.sessions.seal.seal('session', { account, expiresAt: Date.now() + 3_600_000 })
      return { name, cookie: `${sessionCookie}=${value}` }
    }),
  )
  return { handler, people, asked }
}

function record(owners: Map<string, string>, name: string, proofKey: CryptoKeyPair | undefined): StoredRecord {
  const [accessToken, refreshToken] = [issue(owners, name, 'at'), issue(owners, name, 'rt')]
  const tokens = { accessToken, refreshToken, tokenType: proofKey === undefined ? 'Bearer' : 'DPoP' } as const
  const bound = proofKey === undefined ? {} : { proofKey }
  return { tokens: { ...tokens, obtainedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }, clientId: 'app', ...bound }
}

function issue(owners: Map<string, string>, name: string, kind: string): string {
  const token = `${kind}-${crypto.randomUUID()}`
  owners.set(token, name)
  return token
}

function world(owners: Map<string, string>, asked: Crowd['asked']): Fetch {
  const chance = random(7)
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, chance() * 4))
  return async (input, init) => {
    const request = new Request(input, init)
    await pause()
    request.signal.throwIfAborted()
    return request.url.startsWith(server) ? refresh(owners, asked, request) : answer(owners, asked, request, chance)
  }
}

async function refresh(owners: Map<string, string>, asked: Crowd['asked'], request: Request): Promise<Response> {
  asked.refreshes++
  const form = new TextDecoder().decode(await request.arrayBuffer())
  const old = new URLSearchParams(form).get('refresh_token') ?? ''
  const name = owners.get(old)
  if (name === undefined) {
    asked.reused++
    return Response.json({ error: 'invalid_grant' }, { status: 400 })
  }
  owners.delete(old)
  const [access_token, refresh_token] = [issue(owners, name, 'at'), issue(owners, name, 'rt')]
  const token_type = request.headers.has('dpop') ? 'DPoP' : 'Bearer'
  return Response.json({ access_token, refresh_token, token_type, expires_in: 3600 })
}

function answer(owners: Map<string, string>, asked: Crowd['asked'], request: Request, chance: () => number): Response {
  asked.api++
  const [scheme = '', token = ''] = (request.headers.get('authorization') ?? '').split(' ')
  const name = owners.get(token)
  const nonce = { 'dpop-nonce': `nonce-${Math.floor(chance() * 1e9)}` }
  if (scheme === 'DPoP' && chance() < 0.3) {
    asked.challenged++
    return refusal('DPoP error="use_dpop_nonce"', nonce)
  }
  if (name === undefined || chance() < 0.05) {
    asked.refused++
    owners.delete(token)
    return refusal(`${scheme} error="invalid_token"`, nonce)
  }
  return Response.json({ name }, { headers: scheme === 'DPoP' ? nonce : {} })
}

function refusal(challenge: string, headers: Readonly<Record<string, string>>): Response {
  return new Response('{}', { status: 401, headers: { 'www-authenticate': challenge, ...headers } })
}
