import { describe, expect, it } from 'vitest'
import { none } from '../../../src/index.ts'
import { anthropic } from '../../../src/providers/anthropic.ts'
import { createProviderServer, manualClock } from '../../../src/testing/index.ts'
import type { ProviderServer } from '../../../src/testing/index.ts'
import { openWorkerHandler } from '../../../src/worker/worker-handler.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { openBrowser } from './browser.ts'
import type { Browser, Reply } from './browser.ts'
import { cookieSecret, origin, sessionCookie } from './rig.ts'

interface PasteRig {
  readonly server: ProviderServer
  browser(): Browser
  tokenCalls(): number
}

function pasteRig(name?: string): PasteRig {
  const clock = manualClock()
  const server = createProviderServer({ provider: 'anthropic', clock })
  const handler = openWorkerHandler({
    publicUrl: origin,
    provider: { ...server.relocate(anthropic()), ...(name !== undefined && { name }) },
    clientAuth: none(),
    cookieSecret,
    store: memoryStore(),
    fetch: server.fetch,
    clock,
  })
  return {
    server,
    browser: () => openBrowser({ origin, now: clock.now, handler }),
    tokenCalls: () => server.history.count({ endpoint: 'token' }),
  }
}

const form = { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' }
const ownForm = { ...form, origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' }

function paste(browser: Browser, answer: string, headers: Readonly<Record<string, string>> = ownForm): Promise<Reply> {
  return browser.send('/auth/paste', { method: 'POST', headers, body: String(new URLSearchParams({ answer })) })
}

async function linkOn(page: Reply): Promise<URL> {
  const [, href = ''] = /<a class="go" href="([^"]*)"/.exec(await page.text()) ?? []
  return new URL(href.replaceAll('&amp;', '&'))
}

/** What the provider's page shows. */
async function shown({ server }: PasteRig, link: URL): Promise<string> {
  const { searchParams } = await server.approve(link)
  return `${searchParams.get('code')}#${searchParams.get('state')}`
}

describe('a provider that only shows what is to be copied', () => {
  it('is reached by a page with a link and a field, and what is pasted signs in', async () => {
    const rig = pasteRig()
    const browser = rig.browser()
    const away = await browser.go('/auth/login?returnTo=/inbox')
    expect(away.location?.href).toBe(`${origin}/auth/paste?returnTo=%2Finbox`)
    const page = await browser.go(away.location ?? '')
    const link = await linkOn(page)
    expect([page.status, link.origin]).toEqual([200, rig.server.issuer])
    expect(browser.jar.size).toBe(1)
    const back = await paste(browser, `  ${await shown(rig, link)}\n`)
    expect([back.status, back.location?.href]).toEqual([303, `${origin}/inbox`])
    expect([...browser.jar.keys()]).toEqual([sessionCookie])
    expect(await (await browser.script('/auth/session')).json()).toMatchObject({ signedIn: true })
  })

  it('is reached by the whole address too', async () => {
    const rig = pasteRig()
    const browser = rig.browser()
    const callback = await rig.server.approve(await linkOn(await browser.go('/auth/paste')))
    expect((await paste(browser, callback.href)).status).toBe(303)
  })

  it.each([
    ['nothing', () => ''],
    ['a code alone', (line: string) => line.split('#')[0] ?? ''],
    ['a state alone', (line: string) => `#${line.split('#')[1]}`],
    ['the state of another', (line: string) => `${line.split('#')[0]}#another`],
    ['another address', () => 'https://evil.example/?code=a&state=b'],
    ['markup', () => '<script>alert(1)</script>'],
    ['very much', () => 'a'.repeat(20_000)],
    ['more than is read', () => 'a'.repeat(70_000)],
  ])('%s is refused, and not repeated', async (_, wrong) => {
    const rig = pasteRig()
    const browser = rig.browser()
    const line = await shown(rig, await linkOn(await browser.go('/auth/paste?returnTo=/inbox')))
    const reply = await paste(browser, wrong(line))
    expect(reply.status).toBe(400)
    const text = await reply.text()
    expect(text).toContain('href="/auth/paste?returnTo=%2Finbox"')
    expect(text).toContain('role="alert"')
    for (const part of ['<script', ...line.split('#')]) expect(text).not.toContain(part)
    expect(rig.tokenCalls()).toBe(0)
    expect((await paste(browser, line)).status).toBe(303)
  })

  it('what another browser was given is refused', async () => {
    const rig = pasteRig()
    const [attacker, victim] = [rig.browser(), rig.browser()]
    const line = await shown(rig, await linkOn(await attacker.go('/auth/paste')))
    expect((await paste(victim, line)).status).toBe(400)
    await victim.go('/auth/paste')
    expect((await paste(victim, line)).status).toBe(400)
    expect(rig.tokenCalls()).toBe(0)
  })

  it.each([
    ['another site', { ...form, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a sibling', { ...form, origin: 'https://x.example.com', 'sec-fetch-site': 'same-site' }],
    ['nowhere', { ...form, origin: 'null' }],
    ['an unknown place', form],
    ['a place that is named twice', { ...ownForm, 'sec-fetch-site': 'cross-site' }],
  ])('a form from %s is refused', async (_, headers) => {
    const rig = pasteRig()
    const browser = rig.browser()
    const line = await shown(rig, await linkOn(await browser.go('/auth/paste')))
    expect((await paste(browser, line, headers)).status).toBe(403)
    expect(rig.tokenCalls()).toBe(0)
  })

  it('the page runs no script, loads nothing, is not framed and tells others nothing', async () => {
    const page = await pasteRig().browser().go('/auth/paste')
    const policy = page.headers.get('content-security-policy') ?? ''
    const text = await page.text()
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'nonce-[\w-]{43}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(text).toContain(`<style nonce="${/nonce-([\w-]+)/.exec(policy)?.[1]}">`)
    expect(text).not.toMatch(/<script|style="|@import|url\(|src=/)
    expect(text).toContain('rel="noopener noreferrer"')
    // A form says where it comes from only if its page lets it.
    expect(page.headers.get('referrer-policy')).toBe('same-origin')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('shows names as text', async () => {
    const page = await pasteRig(`<img src=x onerror="alert('1')"> & Sons`).browser().go('/auth/paste')
    const text = await page.text()
    expect(text).not.toContain('<img')
    expect(text).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt; &amp; Sons')
  })

  it('comes back to no callback of ours', async () => {
    const rig = pasteRig()
    const browser = rig.browser()
    const callback = await rig.server.approve(await linkOn(await browser.go('/auth/paste')))
    expect((await browser.go(`/auth/callback${callback.search}`, 'other')).status).toBe(404)
    expect(rig.tokenCalls()).toBe(0)
  })
})
