// Runs in each tab, which tabs.ts opens.

import { createClient } from '../../src/index.ts'
import type { Clock } from '../../src/contracts.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'
import { indexedDBStore } from '../../src/stores/indexeddb.ts'
import { cachedTokens } from './stub-client.ts'

/** How far the hour is put on. Each round is an hour later than the one before. */
let ahead = 0

const clock: Clock = {
  now: () => Date.now() + ahead,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}

const store = indexedDBStore()

const client = createClient({
  provider: oauth2({
    id: 'example',
    endpoints: { authorization: `${location.origin}/api/authorize`, token: `${location.origin}/api/token` },
  }),
  clientId: 'bench',
  redirectUri: `${location.origin}/callback`,
  store,
  clock,
  allowInsecureLoopback: true,
})

/** What a tab found in one round. */
export interface TabResult {
  readonly token: string
  /** In milliseconds since the epoch, as finely as the page can tell. */
  readonly at: number
}

const present = (): number => performance.timeOrigin + performance.now()

/** Waits for the word that the token has ended, and then wants one at once. */
function round(): Promise<TabResult> {
  return new Promise((resolve, reject) => {
    const channel = new BroadcastChannel('bench')
    channel.addEventListener('message', () => {
      channel.close()
      ahead += 3_600_000
      client
        .getAccessToken()
        .then((token) => resolve({ token, at: present() }))
        .catch(reject)
    })
  })
}

function begin(): number {
  const channel = new BroadcastChannel('bench')
  channel.postMessage('expired')
  channel.close()
  return present()
}

async function signIn(): Promise<void> {
  await store.update('example', () => ({ tokens: { ...cachedTokens, expiresAt: Date.now() + 3_600_000 } }))
}

/** The least that a round can take: one tab asks, with nothing around it. */
async function bare(): Promise<number> {
  const began = performance.now()
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'r', client_id: 'bench' })
  await (await fetch('/api/token', { method: 'POST', body })).json()
  return performance.now() - began
}

Object.assign(globalThis, { bare, begin, load: () => client.getAccessToken(), ready: true, round, signIn })
