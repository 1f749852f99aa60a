import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { App } from './app.ts'
import { type Browser, eventually, type Tab } from './browser.ts'
import { engines } from './engines.ts'
import { becomes, inPage, ready } from './in-page.ts'
import { serveApp } from './serve-app.ts'

declare const app: App

const world = inject('world')

/** Answers the server's questions as a person would, until the page is back. */
async function passServer(tab: Tab, origin: string): Promise<void> {
  await eventually(
    () =>
      tab.run(`
        if (location.origin === ${JSON.stringify(origin)} && location.pathname === '/callback') return true
        const form = document.querySelector('form')
        if (form === null || form.dataset.sent === 'yes') return
        form.dataset.sent = 'yes'
        for (const name of ['login', 'password']) {
          const input = form.querySelector('[name=' + name + ']')
          if (input !== null) input.value = 'ada'
        }
        setTimeout(() => form.submit())`),
    30_000,
  )
  await ready(tab)
}

describe.each(engines)('a sign-in by redirect at oidc-provider, on another origin, in $name', ({ open }) => {
  let browser: Browser
  let served: Awaited<ReturnType<typeof serveApp>>
  let tab: Tab

  beforeAll(async () => {
    served = await serveApp({ issuer: world.issuer, clientId: world.clients.spa.clientId, api: world.issuer })
    browser = await open()
    tab = await browser.newTab(served.origin)
    await ready(tab)
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
  })

  it('comes back, is handled once however often it is asked for, and leaves a clean address', async () => {
    expect(await becomes(tab, 'signed-out')).toEqual({ status: 'signed-out' })
    await tab.run(`app.client.signIn({ appState: { returnTo: '/inbox' } })`)
    await passServer(tab, served.origin)
    interface Handled {
      readonly before: boolean
      readonly search: string
      readonly appStates: readonly unknown[]
      readonly requests: number
    }
    const handled = await tab.run<Handled>(
      inPage(async () => {
        const before = new URLSearchParams(location.search).has('code')
        const five = Array.from({ length: 5 }, () => app.client.handleRedirectCallback())
        const { search } = location
        const appStates = (await Promise.all(five)).map((result) => result?.appState)
        const entries = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/token'))
        return { before, search, appStates, requests: entries.length }
      }),
    )
    expect(handled).toEqual({
      before: true,
      search: '',
      appStates: Array.from({ length: 5 }, () => ({ returnTo: '/inbox' })),
      requests: 1,
    })
    expect(await becomes(tab, 'signed-in')).toEqual({ status: 'signed-in', subject: 'ada' })
  })

  it('has nothing to handle after a reload, is still signed in, and refreshes', async () => {
    await tab.goto(`${served.origin}/callback`)
    await ready(tab)
    expect(await tab.run('return app.codeOf(app.client.handleRedirectCallback())')).toBe('nothing')
    expect(await becomes(tab, 'signed-in')).toEqual({ status: 'signed-in', subject: 'ada' })
    const changed = await tab.run(
      inPage(async () => {
        const before = await app.client.getAccessToken()
        return (await app.client.getAccessToken({ forceRefresh: true })) !== before
      }),
    )
    expect(changed).toBe(true)
    expect(await tab.run('return app.codeOf(app.client.userInfo())')).toMatchObject({ sub: 'ada' })
  })

  it('leaves nothing in the storages of the page, nor in what it can see of its history', async () => {
    const kept = inPage(() => [
      localStorage.length,
      sessionStorage.length,
      location.href.includes('code='),
      document.cookie,
    ])
    expect(await tab.run(kept)).toEqual([0, 0, false, ''])
  })

  it('is one session in all tabs: refreshed once for two that ask at once, and ended in all', async () => {
    const other = await browser.newTab(served.origin)
    await ready(other)
    expect(await becomes(other, 'signed-in')).toMatchObject({ subject: 'ada' })
    const token = 'return app.client.getAccessToken()'
    const refreshed = 'return app.client.getAccessToken({ forceRefresh: true })'
    await Promise.all([tab.run(refreshed), other.run(refreshed)])
    expect(await tab.run(token)).toBe(await other.run(token))
    expect(await tab.run('return app.client.signOut()')).toEqual({ revocation: 'done', endSession: 'skipped' })
    const began = performance.now()
    await becomes(other, 'signed-out')
    expect(performance.now() - began).toBeLessThan(1000)
    expect(await other.run('return app.codeOf(app.client.getAccessToken())')).toBe('sign_in_required')
    await other.close()
  })
})
