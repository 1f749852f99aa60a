import { createClient, memoryStore } from '../../src/index.ts'
import type { Client, Fetch, StoredRecord, TokenSet } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'

export const apiOrigin = 'https://api.example.com'
export const apiUrl = `${apiOrigin}/v1/messages`

/** As long as a JWT is. */
export const accessToken = `eyJhbGciOiJFUzI1NiJ9.${'c29tZS1jbGFpbXM'.repeat(24)}.c2lnbmF0dXJl`

export const cachedTokens: TokenSet & { readonly expiresAt: number } = {
  accessToken,
  tokenType: 'Bearer',
  refreshToken: 'r'.repeat(64),
  obtainedAt: Date.now(),
  expiresAt: Date.now() + 36_000_000,
}

/** A request as somebody would write it. */
export const apiInit = {
  method: 'POST',
  headers: { 'content-type': 'application/json', accept: 'application/json' },
  body: '{"ask":"something"}',
}

/** A client that is signed in, in front of a `fetch` of the caller's. */
export async function stubClient(
  fetch: Fetch,
  apiOrigins: readonly string[] = [apiOrigin],
  record: StoredRecord = { tokens: cachedTokens },
): Promise<Client> {
  const store = memoryStore()
  await store.update('example', () => record)
  const client = createClient({
    provider: oauth2({
      id: 'example',
      endpoints: { authorization: 'https://id.example.com/authorize', token: 'https://id.example.com/token' },
    }),
    clientId: 'bench',
    redirectUri: 'https://app.example.com/callback',
    apiOrigins,
    store,
    fetch,
    allowInsecureLoopback: true,
    dpop: record.proofKey !== undefined,
  })
  await client.getAccessToken()
  return client
}
