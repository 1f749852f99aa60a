// A job without a person. Sign in once by hand: `npx latchkey login https://id.example.com --client-id cli`.
// Runs that overlap share one refresh; a run that is killed costs nobody the session.

import { isOAuthError } from 'latchkey'
import { explain } from 'latchkey/explain'
import { createNodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'

const client = createNodeClient({
  provider: oidc({ issuer: 'https://id.example.com', scopes: ['openid', 'offline_access'] }),
  clientId: 'cli',
  apiOrigins: ['https://api.example.com'],
})

try {
  const response = await client.fetch('https://api.example.com/report', { signal: AbortSignal.timeout(60_000) })
  console.log(await response.text())
} catch (error) {
  console.error(explain(error)?.todo ?? error)
  // 75 (EX_TEMPFAIL) tells the scheduler to try again; 1 tells a person to sign in.
  process.exitCode = isOAuthError(error) && error.retryable ? 75 : 1
}
