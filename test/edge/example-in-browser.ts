import assert from 'node:assert/strict'
import { chromium } from 'playwright'
import type { Page } from 'playwright'
import { chatApi } from '../../examples/worker-proxy/chat-api.ts'
import { startWorker } from '../../examples/worker-proxy/start.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { chromiumOptions } from '../runtimes/chromium-options.ts'
import { listenWithChat } from './listen-with-chat.ts'
import { startOidcServer } from './oidc-server.ts'
import type { EdgePart, EdgeRow } from './part.ts'

/** A server to sign in at, with its chat API, and what a person does there. */
interface Behind {
  readonly issuer: string
  readonly api: string
  refreshes(): number
  approve(page: Page): Promise<void>
  close(): Promise<void>
}

const client = { clientId: 'chat', clientSecret: 'a secret of the client' }

const servers: Readonly<Record<string, () => Promise<Behind>>> = {
  'the built-in server': async () => {
    const redirectUris = ['http://127.0.0.1/auth/callback']
    const running = await listenWithChat((issuer) => ({
      issuer,
      clients: [{ ...client, authMethod: 'client_secret_basic', redirectUris }],
      lifetimes: { accessToken: 2000 },
    }))
    return {
      issuer: running.origin,
      api: running.origin,
      refreshes: () => running.server.history.count({ endpoint: 'token', grant: 'refresh_token' }),
      approve: (page) => page.click('button[value=approve]'),
      close: running.close,
    }
  },
  'oidc-provider': async () => {
    const { issuer, refreshes, close } = await startOidcServer(client)
    const chat = chatApi(async (authorization) => {
      const seen = await fetch(`${issuer}/me`, { headers: { authorization } })
      return seen.ok
        ? undefined
        : new Response('{}', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
    })
    const api = await listen({ fetch: chat })
    return {
      issuer,
      api: api.origin,
      refreshes,
      async approve(page) {
        await page.fill('input[name=login]', 'grace')
        await page.fill('input[name=password]', 'any')
        await page.click('button[type=submit]')
        await page.click('button[type=submit]')
      },
      async close() {
        await api.close()
        await close()
      },
    }
  },
}

/** Signs in, chats while the token ends, and signs out; looks at whatever the page could see. */
async function drive(page: Page, url: string, { approve, refreshes }: Behind): Promise<void> {
  const seen: string[] = []
  page.on('response', (response) => {
    if (response.url().startsWith(url)) seen.push(JSON.stringify(response.headers()))
  })
  await page.goto(url)
  await page.click('text=Sign in')
  await approve(page)
  await page.waitForURL(`${url}/`)
  await page.waitForSelector('#chat:not([hidden])')
  assert.match((await page.textContent('#who')) ?? '', /\w/)
  await say(page, 'one')
  await page.waitForTimeout(2500)
  await say(page, 'two')
  assert.ok(refreshes() >= 1, 'the token was refreshed')
  await page.reload()
  await page.waitForSelector('#chat:not([hidden])')
  const cookies = await page.context().cookies(url)
  const ours = cookies.filter(({ name }) => name.startsWith('latchkey'))
  assert.deepEqual(
    ours.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
    [{ httpOnly: true, sameSite: 'Strict', path: '/' }],
  )
  assert.equal(await page.evaluate('document.cookie.includes("latchkey")'), false)
  await page.click('#leave')
  await page.waitForSelector('#welcome:not([hidden])')
  const after = await page.evaluate(
    `fetch('/api/v1/chat', { method: 'POST', headers: { 'latchkey-csrf': '1' }, body: '{}' }).then(({ status }) => status)`,
  )
  assert.equal(after, 401)
  const forged = await page.evaluate(
    `fetch('/api/v1/chat', { method: 'POST', body: '{}' }).then(({ status }) => status)`,
  )
  assert.equal(forged, 403)
  assert.doesNotMatch(seen.join(), /bearer/i)
}

/** Says something, and watches the answer grow. */
async function say(page: Page, message: string): Promise<void> {
  await page.fill('#text', message)
  await page.click('#form button')
  const lengths = new Set<number>()
  const ends = Date.now() + 10_000
  for (let text = ''; !text.includes('slowly.'); ) {
    assert.ok(Date.now() < ends, 'the answer ended')
    text = (await page.locator('.them').last().textContent()) ?? ''
    lengths.add(text.length)
    await page.waitForTimeout(20)
  }
  assert.ok(lengths.size > 3, `the answer came in ${lengths.size} parts`)
}

/** The example in a real workerd, driven by a real Chromium, against each server. */
export const exampleInBrowser: EdgePart = async () => {
  const browser = await chromium.launch(chromiumOptions())
  const rows: EdgeRow[] = []
  for (const [name, start] of Object.entries(servers)) {
    const behind = await start()
    const worker = await startWorker({ issuer: behind.issuer, api: behind.api, ...client })
    const context = await browser.newContext()
    const what = `sign-in, streamed answers, refresh and sign-out at ${name}`
    try {
      await drive(await context.newPage(), worker.url, behind)
      rows.push({ what, measured: `${behind.refreshes()} refreshes`, holds: true })
    } catch (error) {
      rows.push({ what, measured: String(error), holds: false })
    }
    await context.close()
    await worker.close()
    await behind.close()
  }
  await browser.close()
  return rows
}
