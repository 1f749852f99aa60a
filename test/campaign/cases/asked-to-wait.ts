import { isOAuthError } from '../../../src/errors.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import { createClient } from '../../../src/index.ts'
import { oauth2 } from '../../../src/providers/oauth2.ts'
import { row } from '../rig/report.ts'
import type { Case } from './case.ts'

const minute = 60_000

interface Plea {
  readonly status: 429 | 503
  readonly header: string | undefined
  /** How long it must be left in peace at least, and at most. */
  readonly least: number
  readonly most: number
}

/** `Retry-After` in every form: a number, a date, the past, the absurd. */
function pleas(now: number): Plea[] {
  const date = (after: number): string => new Date(now + after).toUTCString()
  return ([429, 503] as const).flatMap((status) => [
    { status, header: '30', least: 30_000, most: 31_000 },
    { status, header: date(2 * minute), least: 2 * minute - 2_000, most: 2 * minute + 1_000 },
    { status, header: date(-minute), least: 0, most: minute },
    { status, header: '99999999', least: 10 * minute, most: 10 * minute + 1_000 },
    { status, header: date(10_000 * minute), least: 10 * minute, most: 10 * minute + 1_000 },
    { status, header: '-5', least: 0, most: minute },
    { status, header: 'soon', least: 0, most: minute },
    { status, header: undefined, least: 0, most: minute },
  ])
}

/** The server asks not to be asked. */
export const askedToWait: Case = {
  id: 'C-36',
  async run() {
    const bad: string[] = []
    let [early, served] = [0, 0]
    const all = pleas(Date.UTC(2026, 0, 1))
    for (const plea of all) {
      const outcome = await ask(plea)
      early += outcome.early
      served += outcome.served ? 1 : 0
      if (!outcome.right) bad.push(`${plea.status} ${plea.header}`)
    }
    return [
      row(
        'C-36',
        `${all.length} pleas`,
        'no request before its time (at most 10 min), the good token served, the session kept',
        `${early} requests too early, ${served} of ${all.length} served, ${bad.length} wrong${bad.map((one) => ` (${one})`).join('')}`,
        early === 0 && served === all.length && bad.length === 0,
      ),
    ]
  },
}

async function ask(plea: Plea): Promise<{ readonly early: number; readonly served: boolean; readonly right: boolean }> {
  const clock = manualClock()
  const server = createAuthorizationServer({
    clock,
    autoApprove: true,
    responseIss: 'off',
    lifetimes: { accessToken: 60 * minute },
  })
  const { issuer } = server
  const client = createClient({
    provider: oauth2({
      id: 'campaign',
      issuer,
      endpoints: { authorization: `${issuer}/authorize`, token: `${issuer}/token` },
    }),
    clientId: 'app',
    redirectUri: 'https://app.example.com/callback',
    store: memoryStore(),
    fetch: server.fetch,
    clock,
  })
  await client.finish(await server.approve((await client.start()).url))
  const sent = (): number => server.history.count({ endpoint: 'token', grant: 'refresh_token' })
  const forced = (): Promise<string> =>
    client.getToken({ forceRefresh: true }).then(
      () => 'a token',
      (error: unknown) => (isOAuthError(error) ? error.code : String(error)),
    )
  server.faults.next('token', {
    status: plea.status,
    ...(plea.header !== undefined && { headers: { 'retry-after': plea.header } }),
  })
  const first = await forced()
  const served = await client.getToken().then(
    () => true,
    () => false,
  )
  const before = sent()
  const step = 1_000
  for (let waited = 0; waited + step < plea.least; waited += step) {
    clock.advance(step)
    await forced()
    if (sent() > before) break
  }
  const early = sent() - before
  clock.advance(plea.most - Math.max(0, plea.least - step) + 2 * step)
  const later = early === 0 ? await forced() : 'asked before'
  return { early, served, right: ['rate_limited', 'server_error'].includes(first) && later === 'a token' }
}
