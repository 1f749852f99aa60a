import { describe, expect, it } from 'vitest'

import type { Provider } from '../../../src/contracts.ts'
import { authorizeDevice, pollDevice } from '../../../src/core/index.ts'
import type { DeviceAuthorization, Grant, Parties } from '../../../src/core/index.ts'
import { manualClock } from '../../../src/testing/index.ts'
import type { TestClock } from '../../../src/testing/index.ts'
import { failureOf, double, json, legible, partiesOf, site, worldOf } from './rig.ts'

const minute = 60_000
const device: DeviceAuthorization = {
  userCode: 'ABCD-EFGH',
  verificationUri: 'https://as.latchkey.test/device',
  expiresAt: 0,
  interval: 5000,
  deviceCode: 'dc-canary-1',
}

type Answer = Response | 'drop' | 'hang'
const refused = (error: string, status = 400, headers: Record<string, string> = {}): Response =>
  json({ error }, { status, headers: { 'content-type': 'application/json', ...headers } })
const pending = (): Response => refused('authorization_pending')
const granted = (): Response => json({ access_token: 'at-1', token_type: 'Bearer' })

/** Polls against scripted answers; time passes only when everybody waits. Gives the seconds at which it polled. */
async function poll(
  answers: readonly Answer[],
  options: { readonly life?: number; readonly interval?: number; readonly abortAt?: number } = {},
): Promise<{ readonly times: readonly number[]; readonly end: Grant | Error; readonly endedAt: number }> {
  const manual = manualClock()
  const begin = manual.now()
  const abort = new AbortController()
  const times: number[] = []
  /** Whether there is nothing left to do but to wait for time to pass. */
  let idle = false
  const clock: TestClock = {
    ...manual,
    async sleep(ms, signal) {
      if (signal !== abort.signal) return manual.sleep(ms, signal)
      idle = true
      await manual.sleep(ms, signal)
      idle = false
    },
  }
  const server = double()
  const world = worldOf({ clock, fetch: server.fetch }, async () => {
    const answer = answers[times.length] ?? pending()
    times.push((clock.now() - begin) / 1000)
    if (answer === 'drop') throw new TypeError('lost')
    if (answer !== 'hang') return answer
    idle = true
    return new Promise<Response>(() => undefined)
  })
  const parties: Parties = await partiesOf(server, { world: worldOf(server) })
  const { life = 10 * minute, interval = device.interval, abortAt } = options
  const authorization = { ...device, interval, expiresAt: begin + life }
  let end: Grant | Error | undefined
  pollDevice({ ...parties, world }, authorization, { scopes: [], signal: abort.signal }).then(
    (grant) => (end = grant),
    (error: unknown) => (end = error as Error),
  )
  for (let second = 0; end === undefined && second < 3600; second++) {
    if (abortAt !== undefined && clock.now() - begin >= abortAt) abort.abort()
    // A second passes when everybody waits for it: first those who were woken do what they have to.
    do await new Promise((resolve) => setTimeout(resolve, 0))
    while (!idle && end === undefined)
    if (end === undefined) clock.advance(1000)
  }
  return { times, end: end ?? new Error('It did not end.'), endedAt: (clock.now() - begin) / 1000 }
}

describe('polling for a device', () => {
  it('waits the interval before the first poll and between polls', async () => {
    const { times, end } = await poll([pending(), pending(), pending(), granted()])
    expect(times).toEqual([5, 10, 15, 20])
    expect(end).toMatchObject({ tokens: { accessToken: 'at-1' } })
  })

  it('heeds another interval', async () => {
    const { times } = await poll([pending(), granted()], { interval: 7000 })
    expect(times).toEqual([7, 14])
  })

  it('waits five seconds longer for ever after each slow_down', async () => {
    const slow = (): Response => refused('slow_down')
    const { times } = await poll([pending(), slow(), pending(), slow(), slow(), pending(), pending(), granted()])
    expect(times).toEqual([5, 10, 20, 30, 45, 65, 85, 105])
  })

  it('waits twice as long after a connection was lost', async () => {
    const { times } = await poll([pending(), 'drop', pending(), 'drop', granted()])
    expect(times).toEqual([5, 10, 20, 30, 50])
  })

  it('waits twice as long after a timeout', async () => {
    const { times } = await poll(['hang', granted()])
    expect(times).toEqual([5, 5 + 30 + 10])
  })

  it('waits longer when the server is in trouble, and as long as it says', async () => {
    const { times } = await poll([
      refused('server_error', 500),
      refused('slow_down', 429, { 'retry-after': '60' }),
      pending(),
      granted(),
    ])
    expect(times).toEqual([5, 15, 75, 90])
  })

  it('stops at the end of the code’s life, not a poll later', async () => {
    const { times, end, endedAt } = await poll([], { life: 22_000 })
    expect(times).toEqual([5, 10, 15, 20])
    expect(end).toMatchObject({ code: 'transaction_expired', detail: { after: 22_000 } })
    expect(endedAt).toBe(22)
  })

  it('does not poll at the very end', async () => {
    const { times, end } = await poll([], { life: 10_000 })
    expect(times).toEqual([5])
    expect(end).toMatchObject({ code: 'transaction_expired' })
  })

  it('stops when the server says that the code has expired', async () => {
    const { times, end } = await poll([pending(), refused('expired_token')])
    expect(times).toEqual([5, 10])
    expect(end).toMatchObject({ code: 'transaction_expired' })
  })

  it('stops when the person says no', async () => {
    const { times, end } = await poll([refused('access_denied')])
    expect(times).toEqual([5])
    expect(end).toMatchObject({ code: 'access_denied' })
  })

  for (const [name, answer, code] of [
    ['invalid_grant', (): Response => refused('invalid_grant'), 'authorization_failed'],
    ['invalid_client', (): Response => refused('invalid_client', 401), 'authorization_failed'],
    ['a web page', (): Response => new Response('<h1>'), 'invalid_response'],
    [
      'a redirect',
      (): Response => new Response(null, { status: 307, headers: { location: '/' } }),
      'unexpected_redirect',
    ],
  ] as const) {
    it(`stops at ${name}, with nothing of the device code in the error`, async () => {
      const { times, end } = await poll([pending(), answer()])
      expect(times).toEqual([5, 10])
      expect(end).toMatchObject({ code })
      expect(legible(end as Error)).not.toContain('canary')
    })
  }

  it('ends the wait when the caller no longer wants it', async () => {
    const { times, end } = await poll([], { abortAt: 12_000 })
    expect(times).toEqual([5, 10])
    expect(end).toMatchObject({ code: 'aborted' })
  })
})

const server = double()
const parties = await partiesOf(server)

function authorized(more: Record<string, unknown>, allowInsecureLoopback = false): Promise<DeviceAuthorization> {
  const body = {
    device_code: 'dc',
    user_code: 'ABCD',
    verification_uri: 'https://as.latchkey.test/device',
    expires_in: 600,
    ...more,
  }
  const { fetch } = site({ [`${server.issuer}/device_authorization`]: () => json(body) })
  const world = { ...worldOf(server, fetch), allowInsecureLoopback }
  return authorizeDevice({ ...parties, world }, { scopes: [] })
}

describe('a device authorization', () => {
  for (const [interval, ms] of [
    [undefined, 5000],
    [null, 5000],
    [5, 5000],
    ['5', 5000],
    [1.5, 1500],
    [0, 1000],
    [-5, 1000],
    ['often', 5000],
    [{}, 5000],
    [1e300, 24 * 60 * minute],
  ]) {
    it(`has an interval of ${ms} ms when the server says ${JSON.stringify(interval)}`, async () => {
      expect((await authorized({ interval })).interval).toBe(ms)
    })
  }

  for (const [expires, life] of [
    [600, 600_000],
    ['600', 600_000],
    [1e12, 24 * 60 * minute],
  ] as const) {
    it(`lives for ${life} ms when the server says ${JSON.stringify(expires)}`, async () => {
      expect((await authorized({ expires_in: expires })).expiresAt).toBe(server.clock.now() + life)
    })
  }

  for (const uri of [
    'http://as.latchkey.test/device',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://ada@as.latchkey.test/device',
    'as.latchkey.test/device',
    '',
    5,
  ]) {
    it(`does not lead anybody to ${JSON.stringify(uri)}`, async () => {
      const error = await failureOf(authorized({ verification_uri: uri }))
      expect(error).toMatchObject({ code: 'invalid_response', detail: { endpoint: 'device_authorization' } })
      const complete = authorized({ verification_uri_complete: uri === '' || uri === 5 ? undefined : uri })
      expect(await complete).not.toHaveProperty('verificationUriComplete')
    })
  }

  it('may lead to http on loopback where that is allowed', async () => {
    const verification_uri = 'http://127.0.0.1:8080/device'
    expect(await authorized({ verification_uri }, true)).toMatchObject({ verificationUri: verification_uri })
    expect(await failureOf(authorized({ verification_uri }))).toMatchObject({ code: 'invalid_response' })
  })

  it('shows the code without control and bidirectional characters, and not without end', async () => {
    const { userCode } = await authorized({ user_code: `\u001b[31mAB\u202eCD\u0000${'X'.repeat(500)}` })
    expect(userCode).toMatch(/^\[31mAB CD/)
    expect(userCode.length).toBeLessThanOrEqual(201)
    expect(await failureOf(authorized({ user_code: '\u202e\u0007' }))).toMatchObject({ code: 'invalid_response' })
  })

  for (const missing of ['device_code', 'user_code', 'verification_uri', 'expires_in']) {
    it(`without ${missing} is an invalid response`, async () => {
      expect(await failureOf(authorized({ [missing]: undefined }))).toMatchObject({ code: 'invalid_response' })
    })
  }

  it('is unsupported where the server has no such endpoint', async () => {
    const { device_authorization_endpoint: _, ...without } = parties.server
    const attempt = authorizeDevice({ ...parties, server: without }, { scopes: [] })
    expect(await failureOf(attempt)).toMatchObject({ code: 'unsupported' })
  })
})

it('reads the answers to a device login of its own kind in any way that `fetch` knows', async () => {
  const server = double()
  const words = { device_code: 'dc-1', user_code: 'AB-CD', verification_uri: 'https://as.latchkey.test/device' }
  const parties = await partiesOf(server)
  const bytes: number[] = []
  const provider: Provider = {
    ...parties.provider,
    async beginDeviceLogin(url, fields, post) {
      const asked = await post(url, Object.fromEntries(fields))
      const read = new Uint8Array(await asked.arrayBuffer())
      bytes.push(read.length)
      return new Response(read, asked)
    },
  }
  const body = JSON.stringify({ ...words, expires_in: 600 })
  const world = worldOf(server, async () => json(JSON.parse(body)))
  const device = { ...parties.server, device_authorization_endpoint: 'https://as.latchkey.test/device' }
  await authorizeDevice({ ...parties, provider, server: device, world }, { scopes: [] })
  expect(bytes).toEqual([body.length])
})
