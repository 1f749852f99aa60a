import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { callbackPage } from '../../src/redirects/callback-page.node.ts'
import { startCallbackServer } from '../../src/redirects/loopback.node.ts'
import { rawRequest } from './loopback-request.ts'

const outcomes = ['signed-in', 'failed', 'received', 'unexpected'] as const

describe('the page a browser shows after a sign-in', () => {
  it.each(outcomes)('permits itself nothing but its own style (%s)', (outcome) => {
    const { html, headers } = callbackPage(outcome)
    const style = /<style>(.*)<\/style>/s.exec(html)?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    expect(headers['Content-Security-Policy']).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(html).not.toMatch(/<script|<link|<img|<form|<a |http|style=| on\w+=/i)
    expect(html).toContain('color-scheme:light dark')
  })

  it('escapes words of the application', () => {
    const { html } = callbackPage('failed', { lang: '"><b>', failed: { title: '<i>&', text: '"<script>' } })
    expect(html).toContain('<h1>&lt;i&gt;&amp;</h1>')
    expect(html).toContain('lang="&quot;&gt;&lt;b&gt;"')
    expect(html).not.toContain('<script')
  })

  it('reflects nothing of a request, whatever the outcome', async () => {
    const payload = '<script>alert(1)</script>\u2028\u0027"--></title><svg onload=alert(1)>'
    const query = `error=access_denied&error_description=${encodeURIComponent(payload)}&error_uri=javascript%3Aalert(1)`
    const server = await startCallbackServer({ path: '/callback', state: 'state' })
    const pages = [await rawRequest({ port: server.port, target: `/callback?${query}&state=wrong` })]
    const answer = rawRequest({ port: server.port, target: `/callback?${query}&state=state` })
    await server.callback
    await server.respond('failed')
    pages.push(await answer)
    expect(pages.map(({ body }) => body)).toEqual([callbackPage('unexpected').html, callbackPage('failed').html])
    for (const { head } of pages) {
      for (const line of [
        "content-security-policy: default-src 'none'",
        'x-content-type-options: nosniff',
        'referrer-policy: no-referrer',
        'cache-control: no-store',
        'connection: close',
        'content-type: text/html; charset=utf-8',
      ]) {
        expect(head).toContain(line)
      }
      expect(head).not.toMatch(/access-control|set-cookie|location:|alert|access_denied/)
    }
  })

  it('is the page of a success only after success was said', async () => {
    const server = await startCallbackServer({ path: '/callback', state: 'state' })
    let answered = false
    const answer = rawRequest({ port: server.port, target: '/callback?code=c&state=state' }).then((page) => {
      answered = true
      return page
    })
    await server.callback
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(answered).toBe(false)
    await server.respond('signed-in')
    expect((await answer).body).toBe(callbackPage('signed-in').html)
  })

  it('does not keep the browser waiting for longer than hold', async () => {
    const server = await startCallbackServer({ path: '/callback', state: 'state', hold: 200 })
    const answer = await rawRequest({ port: server.port, target: '/callback?code=c&state=state' })
    expect(answer.body).toBe(callbackPage('received').html)
    expect((await server.callback).searchParams.get('code')).toBe('c')
    await server.respond('signed-in')
  })
})
