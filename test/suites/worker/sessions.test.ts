import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../../src/errors.ts'
import type { WorkerHandlerOptions } from '../../../src/worker/index.ts'
import { openVisit } from '../../../src/worker/visit.ts'
import { makeRequest } from './browser.ts'
import type { Browser } from './browser.ts'
import { fullAtTimes } from './full-at-times.ts'
import { cookieOf, cookieSecret, hour, sessionCookie, signInCookie, workerRig } from './rig.ts'
import type { WorkerRig } from './rig.ts'

const otherSecret = 'another secret of 32 characters!!'

async function signedIn(rig: WorkerRig): Promise<{ readonly browser: Browser; readonly value: string }> {
  const browser = rig.browser()
  await rig.signIn(browser)
  return { browser, value: cookieOf(browser, sessionCookie).value }
}

/** What the API says to somebody who comes with this `Cookie` header. */
async function statusWith(rig: WorkerRig, cookie: string, handler = rig.handler): Promise<number> {
  return (await rig.browser(handler).script('/api/echo', { headers: { cookie } })).status
}

describe('a session cookie', () => {
  it('opens the session, also in another isolate', async () => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    expect(await statusWith(rig, `${sessionCookie}=${value}`)).toBe(200)
    expect(await statusWith(rig, `a=b; ${sessionCookie}=${value};c=d`, rig.another())).toBe(200)
  })

  it('that was made for a sign-in is none, and the other way round', async () => {
    const rig = workerRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login')
    const pending = cookieOf(browser, signInCookie)
    expect(await statusWith(rig, `${sessionCookie}=${pending.value}`)).toBe(401)
    const callback = await rig.server.approve(away.location ?? '')
    const { value } = await signedIn(rig)
    const calls = rig.tokenCalls()
    const swapped = await rig.browser().send(callback, { headers: { cookie: `${pending.name}=${value}` } })
    expect([swapped.status, rig.tokenCalls()]).toEqual([400, calls])
  })

  it('of a sign-in that is put under the name of another finishes neither', async () => {
    const rig = workerRig()
    const [one, two] = [rig.browser(), rig.browser()]
    await one.go('/auth/login')
    const callback = await rig.server.approve((await two.go('/auth/login')).location ?? '')
    const cookie = `${cookieOf(two, signInCookie).name}=${cookieOf(one, signInCookie).value}`
    expect((await rig.browser().send(callback, { headers: { cookie } })).status).toBe(400)
    expect(rig.tokenCalls()).toBe(0)
    const { pending } = rig.handler.desk
    const asked = { method: 'GET', headers: { cookie }, body: undefined, signal: undefined }
    const visit = openVisit(makeRequest(callback.href, asked), undefined)
    expect(await pending.find(visit, callback.searchParams.get('state') ?? '')).toBeUndefined()
    expect(await pending.all(visit)).toHaveLength(1)
  })

  it.each<[string, Partial<WorkerHandlerOptions>]>([
    ['of another deployment with the same secret', { publicUrl: 'https://other.example.com' }],
    ['of another path with the same secret', { basePath: '/other' }],
    ['of another secret', { cookieSecret: otherSecret }],
  ])('%s is none', async (_, difference) => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    const other = rig.another(difference)
    const name = `__Host-latchkey${difference.basePath?.replaceAll('/', '.') ?? '.auth'}`
    const ask = { headers: { cookie: `${name}=${value}` } }
    const path = `${difference.basePath ?? '/auth'}/session`
    const origin = difference.publicUrl ?? 'https://app.example.com'
    const reply = await rig.browser(other).script(`${origin}${path}`, ask)
    expect(await reply.json()).toEqual({ signedIn: false })
  })

  it.each([
    ['twice', (name: string, value: string) => `${name}=${value}; ${name}=${value}`],
    ['twice, the other of them empty', (name: string, value: string) => `${name}=; ${name}=${value}`],
    ['twice, the other of them without a value', (name: string, value: string) => `${name}=${value}; ${name}`],
    ['thrice', (name: string, value: string) => Array.from({ length: 3 }, () => `${name}=${value}`).join('; ')],
    ['in other letters', (name: string, value: string) => `${name.toLowerCase()}=${value}`],
    ['in large letters', (name: string, value: string) => `${name.toUpperCase()}=${value}`],
    ['after an exotic space', (name: string, value: string) => `\u00a0${name}=${value}`],
    ['after a byte order mark', (name: string, value: string) => `a=b;\u00ff${name}=${value}`],
    ['after a vertical tab', (name: string, value: string) => `\u000b${name}=${value}`],
    ['before a space', (name: string, value: string) => `${name} =${value}`],
    ['without its prefix', (name: string, value: string) => `${name.replace('__Host-', '')}=${value}`],
    ['with another prefix', (name: string, value: string) => `${name.replace('__Host-', '__Secure-')}=${value}`],
    ['percent-encoded', (name: string, value: string) => `${name.replace('_', '%5F')}=${value}`],
    ['within quotes', (name: string, value: string) => `${name}="${value}"`],
    ['in an attribute of old', (name: string, value: string) => `$Version=1; $${name}=${value}`],
    ['after a nameless one', (name: string, value: string) => `=${name}=${value}`],
    ['in a header that is too long', (name: string, value: string) => `a=${'b'.repeat(70_000)}; ${name}=${value}`],
    ['cut short', (name: string, value: string) => `${name}=${value.slice(0, -1)}`],
    ['with something after it', (name: string, value: string) => `${name}=${value}A`],
    ['grown too long', (name: string, value: string) => `${name}=${value}${'A'.repeat(5000)}`],
    ['with one character changed', (name: string, value: string) => `${name}=${swapped(value, value.length - 30)}`],
    [
      'with another header',
      (name: string, value: string) => `${name}=${btoa('{"alg":"none"}')}${value.slice(value.indexOf('.'))}`,
    ],
    ['that says nothing', (name: string) => `${name}=`],
    ['that says anything', (name: string) => `${name}=....`],
    ['that is JSON', (name: string) => `${name}={"account":"a","expiresAt":9e15}`],
  ])('that comes %s is none', async (_, write) => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    const calls = rig.apiCalls()
    expect(await statusWith(rig, write(sessionCookie, value))).toBe(401)
    expect(rig.apiCalls()).toBe(calls)
    expect(rig.errors.filter((error) => !(error instanceof OAuthError))).toEqual([])
  })

  it('of ours says whose it is only to us', async () => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    const [key = ''] = await rig.store.keys()
    const { seal } = rig.handler.desk.sessions
    expect(await seal.open('session', value)).toEqual({
      account: key.split('@')[1],
      expiresAt: rig.clock.now() + 12 * hour,
    })
    expect(await seal.open('transaction', value)).toBeUndefined()
  })

  it('whose content is not what we write is none', async () => {
    const rig = workerRig()
    const { seal } = rig.handler.desk.sessions
    const expiresAt = rig.clock.now() + hour
    for (const members of [
      {},
      { account: 'a' },
      { expiresAt },
      { account: 'default', expiresAt: String(expiresAt) },
      { account: 5, expiresAt },
    ]) {
      expect(await statusWith(rig, `${sessionCookie}=${await seal.seal('session', members)}`)).toBe(401)
    }
  })
})

describe('secrets', () => {
  it('rotate: the first encrypts, all decrypt', async () => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    const rotated = rig.another({ cookieSecret: [otherSecret, cookieSecret] })
    const browser = rig.browser(rotated)
    expect(await statusWith(rig, `${sessionCookie}=${value}`, rotated)).toBe(200)
    await rig.signIn(browser)
    const fresh = `${sessionCookie}=${cookieOf(browser, sessionCookie).value}`
    expect(await statusWith(rig, fresh, rig.another({ cookieSecret: otherSecret }))).toBe(200)
    expect(await statusWith(rig, fresh)).toBe(401)
  })

  it('may come from a function, which is asked again after five minutes', async () => {
    const secrets = { now: cookieSecret, asked: 0 }
    const rig = workerRig({
      options: {
        cookieSecret: async () => {
          secrets.asked++
          return secrets.now
        },
      },
    })
    const { value } = await signedIn(rig)
    expect(secrets.asked).toBe(1)
    secrets.now = otherSecret
    expect(await statusWith(rig, `${sessionCookie}=${value}`)).toBe(200)
    rig.clock.advance(300_000)
    expect(await statusWith(rig, `${sessionCookie}=${value}`)).toBe(401)
    expect(secrets.asked).toBe(2)
  })

  it.each([
    ['too short', async () => 'short'],
    ['not there', async () => undefined as unknown as string],
    ['none at all', async () => []],
    ['a failure that names it', async () => Promise.reject(new Error(cookieSecret))],
  ])('that are %s let nobody in, and are not told', async (_, secret) => {
    const rig = workerRig({ options: { cookieSecret: secret } })
    const reply = await rig.browser().go('/auth/login')
    expect(reply.status).toBe(500)
    expect(await reply.text()).not.toContain(cookieSecret)
    expect(rig.errors).toHaveLength(1)
    expect(String(rig.errors[0])).not.toContain(cookieSecret)
  })
})

describe('the store', () => {
  it('holds the tokens under a name that nobody can guess, and that says when it is over', async () => {
    const rig = workerRig()
    await signedIn(rig)
    await signedIn(rig)
    const keys = await rig.store.keys()
    expect(new Set(keys).size).toBe(2)
    for (const key of keys) expect(key).toMatch(/^[\w.-]+@[0-9a-z]{8}\.[\w-]{43}$/)
  })

  it('is asked once in ten seconds, and after each change', async () => {
    const reads = { count: 0 }
    const rig = workerRig()
    const counting = {
      ...rig.store,
      get: (key: string) => {
        reads.count++
        return rig.store.get(key)
      },
    }
    const handler = rig.another({ store: counting })
    const browser = rig.browser(handler)
    await rig.signIn(browser)
    reads.count = 0
    for (let count = 0; count < 20; count++) expect((await browser.script('/api/echo')).status).toBe(200)
    expect(reads.count).toBeLessThanOrEqual(1)
    rig.clock.advance(10_000)
    await browser.script('/api/echo')
    expect(reads.count).toBeLessThanOrEqual(2)
    await rig.another().desk.clients.store.update((await rig.store.keys())[0] ?? '', () => undefined)
    rig.clock.advance(10_000)
    expect((await browser.script('/api/echo')).status).toBe(401)
  })

  it.each([
    ['cannot be written', new OAuthError('persist_failed', { where: 'test', reason: 'full' })],
    ['gives no answer in time', new OAuthError('timeout', { what: 'the Durable Object', after: 10_000 })],
  ])('that %s when a token came does not cost the session', async (_, failure) => {
    const rig = workerRig()
    const disk = fullAtTimes(rig.store, failure)
    const handler = rig.another({ store: disk.store })
    const browser = rig.browser(handler)
    await rig.signIn(browser)
    rig.clock.advance(hour)
    const written = rig.clock.now()
    const hold = rig.server.faults.hold('token')
    const call = browser.script('/api/echo')
    await hold.arrived
    disk.full = true
    hold.release()
    expect((await call).status).toBe(200)
    expect((await browser.script('/api/echo')).status).toBe(200)
    disk.full = false
    rig.clock.advance(120_000)
    expect((await browser.script('/api/echo')).status).toBe(200)
    await expect
      .poll(async () => (await rig.store.get((await rig.store.keys())[0] ?? ''))?.tokens.obtainedAt)
      .toBe(written)
    rig.clock.advance(hour)
    expect((await browser.script('/api/echo')).status).toBe(200)
    expect(rig.server.history.filter({ grant: 'refresh_token' }).map(({ status, reuse }) => [status, reuse])).toEqual([
      [200, undefined],
      [200, undefined],
    ])
  })

  it('that gives no answer in time when somebody has signed in does not cost the session', async () => {
    const rig = workerRig()
    const disk = fullAtTimes(rig.store, new OAuthError('timeout', { what: 'the Durable Object', after: 10_000 }))
    const browser = rig.browser(rig.another({ store: disk.store }))
    const away = await browser.go('/auth/login')
    disk.full = true
    await browser.go(await rig.server.approve(away.location ?? ''), 'other')
    disk.full = false
    expect((await browser.script('/api/echo')).status).toBe(200)
    expect(await rig.store.keys()).toHaveLength(1)
  })

  it('that cannot be read is a failure, and no end of the session', async () => {
    const rig = workerRig()
    const { value } = await signedIn(rig)
    const broken = rig.another({ store: { ...rig.store, get: async () => Promise.reject(new Error('refresh-token')) } })
    const reply = await rig.browser(broken).script('/api/echo', { headers: { cookie: `${sessionCookie}=${value}` } })
    expect([reply.status, await reply.json(), reply.setCookies]).toEqual([500, { error: 'internal' }, []])
  })
})

function swapped(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
}
