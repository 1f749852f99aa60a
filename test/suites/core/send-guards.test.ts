import { describe, expect, it } from 'vitest'

import type { Fetch } from '../../../src/contracts.ts'
import { send } from '../../../src/core/send.ts'
import { manualClock } from '../../../src/testing/index.ts'
import { failureOf, worldOf } from './rig.ts'

const url = 'https://id.example.com/token'

function sent(fetch: Fetch, signal?: AbortSignal): Promise<Response> {
  return send(worldOf({ clock: manualClock(), fetch }), 'token', url, { method: 'POST', headers: {}, signal })
}

describe('an answer', () => {
  it('that only says that it hides a redirect, as browsers let it, is one', async () => {
    const hidden = Object.defineProperties(new Response(null), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
    })
    const error = await failureOf(sent(async () => hidden))
    expect(error).toMatchObject({ code: 'unexpected_redirect', detail: { endpoint: 'token' } })
  })

  it('is not deep because of brackets in its texts, and is deep behind an escaped quote', async () => {
    const brackets = '[{'.repeat(200)
    const shallow = JSON.stringify({ text: brackets, other: `"${brackets}\\` })
    expect(await (await sent(async () => new Response(shallow))).text()).toBe(shallow)
    const deep = `["\\"",${'['.repeat(200)}${']'.repeat(200)}]`
    expect(await failureOf(sent(async () => new Response(deep)))).toMatchObject({ code: 'invalid_response' })
  })

  it('is read no further once nobody waits for it', async () => {
    const stop = new AbortController()
    let [pulled, cancelled] = [0, 0]
    const endless = new ReadableStream<Uint8Array>({
      async pull(controller) {
        pulled += 1
        if (pulled === 3) stop.abort()
        controller.enqueue(new Uint8Array([32]))
        await new Promise((resolve) => setTimeout(resolve, 1))
      },
      cancel: () => void (cancelled += 1),
    })
    expect(await failureOf(sent(async () => new Response(endless), stop.signal))).toMatchObject({ code: 'aborted' })
    await expect.poll(() => cancelled).toBe(1)
  })
})

/** What a request fails with, where the page is on line before it leaves, and when it fails, or not. */
async function failedWhile(before: boolean, after: boolean): Promise<unknown> {
  let onLine = before
  const own = Object.getOwnPropertyDescriptor(globalThis.navigator, 'onLine')
  Object.defineProperty(globalThis.navigator, 'onLine', { get: () => onLine, configurable: true })
  try {
    return await failureOf(
      sent(async () => {
        onLine = after
        throw new TypeError('Failed to fetch')
      }),
    )
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis.navigator, 'onLine')
    else Object.defineProperty(globalThis.navigator, 'onLine', own)
  }
}

describe('a request that fails', () => {
  it('because nobody is on line has not left; one that was cut off may have arrived', async () => {
    expect(await failedWhile(false, false)).toMatchObject({ code: 'network', detail: { sent: 'no' } })
    expect(await failedWhile(true, false)).toMatchObject({ code: 'network', detail: { sent: 'maybe' } })
    expect(await failedWhile(false, true)).toMatchObject({ code: 'network', detail: { sent: 'maybe' } })
  })

  const rows = [
    ['ECONNREFUSED', 'no'],
    ['ENOTFOUND', 'no'],
    ['ECONNRESET', 'maybe'],
    ['UND_ERR_SOCKET', 'maybe'],
  ] as const
  it.each(rows)('with %s has reached the server: %s', async (code, reached) => {
    const failing: Fetch = async () => {
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('native'), { code }) })
    }
    expect(await failureOf(sent(failing))).toMatchObject({ code: 'network', detail: { sent: reached, reason: code } })
  })
})
