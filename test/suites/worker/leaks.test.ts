import { describe, expect, it } from 'vitest'
import { leaksIn } from '../hygiene/leak-scan.ts'
import { clientSecret, cookieSecret, hour, workerRig } from './rig.ts'
import type { WorkerRig } from './rig.ts'

/** A rig that knows every secret that passes. */
function knowingRig(): { readonly rig: WorkerRig; readonly secrets: Map<string, string> } {
  const secrets = new Map([
    [clientSecret, 'client secret'],
    [cookieSecret, 'cookie secret'],
  ])
  const rig = workerRig({
    between: (fetch) => async (input, init) => {
      const form = typeof init?.body === 'string' || init?.body instanceof URLSearchParams ? String(init.body) : ''
      for (const name of ['code', 'code_verifier', 'refresh_token']) {
        const value = new URLSearchParams(form).get(name)
        if (value !== null) secrets.set(value, name)
      }
      return fetch(input, init)
    },
  })
  rig.server.tamper.tokenResponse = (body) => {
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      if (typeof body[name] === 'string') secrets.set(body[name], name)
    }
    return body
  }
  return { rig, secrets }
}

/** All that left the server, but for the address that a person is sent to. */
async function seen({ replies, errors, events }: WorkerRig): Promise<readonly unknown[]> {
  const texts = await Promise.all(replies.map(async (reply) => [...reply.headers, reply.status, await reply.text()]))
  return [texts, errors, events]
}

describe('what leaves the server', () => {
  it('holds no token, code, verifier or secret, whatever happens', async () => {
    const { rig, secrets } = knowingRig()
    const browser = rig.browser()
    await rig.signIn(browser)
    for (const path of ['/api/echo', '/api/stream', '/auth/session', '/auth/token', '/api/nothing', '/elsewhere']) {
      await browser.script(path)
      await browser.go(path)
    }
    rig.clock.advance(hour)
    for (const fault of [{ status: 503 }, { drop: true as const }, { damage: 'html' as const }, { status: 429 }]) {
      rig.server.faults.next('token', fault)
      await browser.script('/api/echo')
    }
    rig.server.revokeAccessTokens()
    await browser.script('/api/echo', { method: 'POST', body: '{}' })
    rig.server.faults.next('api', { drop: true })
    await browser.script('/api/echo')
    rig.server.faults.next('api', { redirect: 'https://evil.example/' })
    await browser.script('/api/echo')
    rig.server.revokeSessions()
    await browser.script('/api/echo')
    const back = await rig.server.approve((await browser.go('/auth/login')).location ?? '', { deny: 'access_denied' })
    await browser.go(back, 'other')
    await rig.signIn(browser)
    await browser.script('/auth/logout', { method: 'POST' })
    expect(secrets.size).toBeGreaterThan(10)
    expect(leaksIn(await seen(rig), secrets)).toEqual([])
  })

  it('would be seen to hold one', async () => {
    const { rig, secrets } = knowingRig()
    await rig.signIn(rig.browser())
    for (const [secret, name] of secrets) expect(leaksIn([await seen(rig), secret], secrets)).toContain(name)
  })

  it('in mode token-mediating holds the access token where it is asked for, and nowhere else', async () => {
    const secrets = new Map<string, string>()
    const rig = workerRig({ options: { mode: 'token-mediating' } })
    rig.server.tamper.tokenResponse = (body) => {
      for (const name of ['access_token', 'refresh_token', 'id_token']) secrets.set(String(body[name]), name)
      return body
    }
    const browser = rig.browser()
    await rig.signIn(browser)
    await browser.script('/auth/session')
    await browser.script('/api/echo')
    expect(leaksIn(await seen(rig), secrets)).toEqual([])
    await browser.script('/auth/token')
    expect(leaksIn(await seen(rig), secrets)).toEqual(['access_token'])
  })
})
