import { createClient } from 'latchkey'
import { oidc } from 'latchkey/providers/oidc'
import { createAuthorizationServer, manualClock } from 'latchkey/testing'

/** The main job, as an application would do it: sign in, call an API, refresh, sign out. Throws when it cannot. */
export async function job(): Promise<string> {
  const clock = manualClock()
  const server = createAuthorizationServer({ clock })
  const client = createClient({
    provider: oidc({ issuer: server.issuer }),
    clientId: 'app',
    redirectUri: 'https://app.example.com/callback',
    apiOrigins: [new URL(server.apiUrl).origin],
    fetch: server.fetch,
    clock,
  })

  const { url } = await client.start()
  await client.finish(await server.approve(url))
  const before = await client.getAccessToken()
  clock.advance(3_600_000)
  const answers = await Promise.all([1, 2, 3].map(() => client.fetch(`${server.apiUrl}/echo`)))
  const after = await client.getAccessToken()
  await client.signOut()

  const refreshes = server.history.count({ endpoint: 'token', grant: 'refresh_token' })
  const statuses = answers.map(({ status }) => status).join()
  if (before === after || refreshes !== 1 || statuses !== '200,200,200') {
    throw new Error(`The job was not done: ${statuses} after ${refreshes} refreshes.`)
  }
  return 'signed in, refreshed once, signed out'
}
