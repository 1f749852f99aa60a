import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createBrowserClient } from '../../src/browser/index.ts'
import { createVaultClient } from '../../src/browser/vault.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { openWindow, type WindowFeatures } from '../../src/redirects/open-window.dom.ts'
import { type Popup, popupIn } from '../../src/redirects/popup.dom.ts'

/** A window that only says where it was sent, in the place of a real one. */
interface FakeWindow {
  closed: boolean
  /** Where it was sent. */
  readonly visited: string[]
  readonly location: { replace(url: string): void }
  close(): void
}

const openPopup = (features: WindowFeatures): Popup => popupIn(openWindow(features))

const originals = { open: globalThis.open, hasFocus: document.hasFocus }
let fake: FakeWindow
let focused = true

beforeEach(() => {
  const visited: string[] = []
  fake = {
    closed: false,
    visited,
    location: { replace: (url) => void visited.push(url) },
    close() {
      fake.closed = true
    },
  }
  focused = true
  document.hasFocus = () => focused
  globalThis.open = () => fake as unknown as Window
})
afterEach(() => {
  globalThis.open = originals.open
  document.hasFocus = originals.hasFocus
})

const server = new URL('https://id.example.com/authorize')
const size = { width: 480, height: 640 }
const callback = (state: string): object => ({
  type: 'latchkey:callback',
  href: `https://app.example.com/popup?code=c&state=${state}`,
})

function travelling(
  popup: Popup,
  state: string,
  timeout = 10_000,
): { readonly outcome: Promise<string>; ended(): boolean } {
  let over = false
  const outcome = popup.travel(server, state, { timeout }).then(
    ({ href }) => href,
    (error: { readonly code: string }) => error.code,
  )
  void outcome.then(() => (over = true))
  return { outcome, ended: () => over }
}

function say(event: Partial<MessageEventInit>): void {
  const message = new Event('message')
  for (const [name, value] of Object.entries({ origin: location.origin, source: fake, ...event })) {
    Object.defineProperty(message, name, { value })
  }
  dispatchEvent(message)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a sign-in window', () => {
  it('is sent nowhere but to https, or to this machine', async () => {
    const popup = openPopup(size)
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'http://id.example.com/']) {
      await expect(popup.travel(new URL(url), 's', { timeout: 50 })).rejects.toMatchObject({ code: 'config' })
    }
    expect(fake.visited).toEqual([])
  })

  it.each([null, undefined])('that the browser does not open, but gives %s for, is a blocked one', (none) => {
    globalThis.open = () => none as unknown as Window
    expect(() => openPopup(size)).toThrow(expect.objectContaining({ code: 'popup_blocked' }))
  })

  it('is believed only from this origin, from that window, with that state', async () => {
    const { outcome, ended } = travelling(openPopup(size), 'right')
    expect(fake.visited).toEqual([server.href])
    say({ data: callback('right'), origin: 'https://evil.example.com' })
    say({ data: callback('right'), source: globalThis as unknown as Window })
    say({ data: callback('wrong') })
    for (const data of [
      undefined,
      null,
      'right',
      7,
      {},
      { type: 'latchkey:callback' },
      { type: 'latchkey:callback', href: 'x' },
    ]) {
      say({ data })
    }
    await pause(20)
    expect(ended()).toBe(false)
    say({ data: callback('right') })
    expect(await outcome).toContain('state=right')
    expect(fake.closed).toBe(true)
  })

  it('is believed on its own channel with its own state only, and gets an answer there', async () => {
    const { outcome, ended } = travelling(openPopup(size), 'mine')
    const channel = new BroadcastChannel('latchkey:popup:mine')
    const heard: unknown[] = []
    channel.onmessage = ({ data }) => heard.push(data)
    channel.postMessage(callback('other'))
    await pause(50)
    expect(ended()).toBe(false)
    channel.postMessage(callback('mine'))
    expect(await outcome).toContain('state=mine')
    await pause(50)
    expect(heard).toEqual([{ type: 'latchkey:received' }])
    channel.close()
  })

  it('that looks closed may still answer while its time of grace lasts', async () => {
    const { outcome, ended } = travelling(openPopup(size), 'late')
    fake.closed = true
    await pause(1500)
    expect(ended()).toBe(false)
    say({ data: callback('late') })
    expect(await outcome).toContain('state=late')
  })

  it('that looks closed while the person is here again was closed, and is said to be within five seconds', async () => {
    const began = performance.now()
    const { outcome } = travelling(openPopup(size), 'gone')
    fake.closed = true
    expect(await outcome).toBe('popup_closed')
    expect(performance.now() - began).toBeGreaterThan(2500)
    expect(performance.now() - began).toBeLessThan(6000)
  })

  it('that looks closed while the person is elsewhere is waited for, but not for ever', async () => {
    focused = false
    const { outcome } = travelling(openPopup(size), 'cut off', 4500)
    fake.closed = true
    expect(await outcome).toBe('timeout')
  })

  it('is closed when the caller gives up', async () => {
    const stop = new AbortController()
    const popup = openPopup(size)
    const outcome = popup.travel(server, 'state', { timeout: 10_000, signal: stop.signal })
    stop.abort()
    await expect(outcome).rejects.toMatchObject({ code: 'aborted' })
    expect(fake.closed).toBe(true)
  })

  it.each([Infinity, Number.NaN, 0])('is not waited for as long as no timer waits: %s', async (timeout) => {
    const client = createBrowserClient({
      provider: oidc({ issuer: 'https://id.example.com' }),
      clientId: 'app',
      redirectUri: 'https://app.example.com/popup',
      fetch: async () => Response.json({}),
    })
    const vaulted = createVaultClient({ worker: () => ({ postMessage: () => undefined }) })
    const refused = { code: 'config', detail: { reason: expect.stringContaining('timeout') } }
    await expect(client.signIn({ via: 'popup', timeout })).rejects.toMatchObject(refused)
    expect(fake.closed).toBe(true)
    await expect(vaulted.signIn({ via: 'popup', timeout })).rejects.toMatchObject(refused)
    client.dispose()
    vaulted.dispose()
  })
})
