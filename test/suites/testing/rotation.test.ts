import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type { RotationPolicy } from '../../../src/testing/index.ts'
import { authorizationUrl, callApi, exchange, refresh } from './browserless.ts'

const gracePeriod = 1_000

/** What the model knows: which of the refresh tokens so far, by number, would be taken at this moment. */
interface Model {
  accepts(token: number, now: number): boolean
  /** `token` was taken at `now`, and brought the token with number `next`, or none. */
  used(token: number, now: number, next: number): void
}

const models: Readonly<Record<RotationPolicy, () => Model>> = {
  none: () => ({ accepts: () => true, used: () => {} }),
  strict() {
    let good = 0
    return {
      accepts: (token) => token === good,
      used: (_token, _now, next) => {
        good = next
      },
    }
  },
  grace() {
    const until = new Map<number, number>()
    return {
      accepts: (token, now) => now <= (until.get(token) ?? now),
      used: (token, now) => {
        if (!until.has(token)) until.set(token, now + gracePeriod)
      },
    }
  },
  'previous-generation'() {
    const depth = [0]
    return {
      accepts: (token) => (depth[token] ?? 0) + 1 >= Math.max(...depth),
      used: (token, _now, next) => {
        depth[next] = (depth[token] ?? 0) + 1
      },
    }
  },
  'until-first-use'() {
    let good = [0]
    return {
      accepts: (token) => good.includes(token),
      used: (token, _now, next) => {
        good = [token, next]
      },
    }
  },
}

type Step = { readonly present: number } | { readonly wait: number }

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ present: fc.nat({ max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(1, 500, gracePeriod, gracePeriod + 1) }) },
  ),
  { maxLength: 14 },
)

async function agree(rotation: RotationPolicy, revokeFamilyOnReuse: boolean, script: readonly Step[]): Promise<void> {
  const clock = manualClock()
  const server = createAuthorizationServer({ rotation, revokeFamilyOnReuse, gracePeriod, clock })
  const model = models[rotation]()
  const first = await (await exchange(server, await server.approve(authorizationUrl(server, { scope: 'read' })))).json()
  const tokens: string[] = [first.refresh_token]
  let access: string = first.access_token
  let revoked = false
  for (const step of script) {
    if ('wait' in step) {
      clock.advance(step.wait)
      continue
    }
    // Counted from the newest, so that what is worth presenting comes up often.
    const token = Math.max(0, tokens.length - 1 - step.present)
    const good = model.accepts(token, clock.now())
    const answer = await refresh(server, tokens[token] ?? '')
    const body = await answer.json()
    expect(answer.status, JSON.stringify({ token, script })).toBe(good && !revoked ? 200 : 400)
    if (answer.status === 200) {
      access = body.access_token
      if (body.refresh_token !== undefined) tokens.push(body.refresh_token)
      model.used(token, clock.now(), tokens.length - 1)
    } else {
      expect(body.error).toBe('invalid_grant')
      expect(server.history.last('token')?.reuse).toBe(good ? undefined : true)
      revoked ||= !good && revokeFamilyOnReuse
    }
    expect((await callApi(server, access)).status).toBe(revoked ? 401 : 200)
  }
}

describe('rotation', () => {
  for (const rotation of Object.keys(models) as RotationPolicy[]) {
    it(`does as the model of "${rotation}" does, whatever is presented when`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.boolean(), steps, (revokes, script) => agree(rotation, revokes, script)),
        { numRuns: 40 },
      )
    })
  }

  it('lets one of two simultaneous presentations through when it is strict', async () => {
    const server = createAuthorizationServer({ rotation: 'strict' })
    const first = await (await exchange(server, await server.approve(authorizationUrl(server)))).json()
    const both = await Promise.all([refresh(server, first.refresh_token), refresh(server, first.refresh_token)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 400])
    expect(server.history.filter({ reuse: true })).toMatchObject([{ refreshTokenId: 'rt-1', generation: 0 }])
  })

  it('notes a repeat that it tolerates', async () => {
    const server = createAuthorizationServer({ rotation: 'grace' })
    const first = await (await exchange(server, await server.approve(authorizationUrl(server)))).json()
    await refresh(server, first.refresh_token)
    await refresh(server, first.refresh_token)
    const refreshes = server.history.filter({ endpoint: 'token', grant: 'refresh_token' })
    expect(refreshes.map(({ repeat }) => repeat)).toEqual([undefined, true])
    expect(refreshes).toMatchObject([{ family: 'family-1', refreshTokenId: 'rt-1' }, { generation: 0 }])
  })

  it('ends a refresh token that was left alone too long', async () => {
    const server = createAuthorizationServer({ lifetimes: { refreshToken: 1_000 } })
    const first = await (await exchange(server, await server.approve(authorizationUrl(server)))).json()
    server.clock.advance(1_000)
    const answer = await refresh(server, first.refresh_token)
    expect(await answer.json()).toMatchObject({ error: 'invalid_grant' })
    expect(server.history.last('token')?.reuse).toBeUndefined()
  })

  it('counts the time of grace from the first use, not from the latest', async () => {
    const server = createAuthorizationServer({ rotation: 'grace', gracePeriod, clock: manualClock() })
    const first = await (await exchange(server, await server.approve(authorizationUrl(server)))).json()
    const statuses: number[] = []
    for (let use = 0; use < 4; use += 1) {
      statuses.push((await refresh(server, first.refresh_token)).status)
      server.clock.advance(gracePeriod / 2)
    }
    expect(statuses).toEqual([200, 200, 200, 400])
  })
})
