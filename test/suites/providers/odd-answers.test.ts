import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../src/testing/index.ts'
import { isOAuthError } from '../../../src/index.ts'
import { allRows, rowRig } from './all-rows.ts'

const refresh = { grant: 'refresh_token' } as const
const page = '<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>'

/** Web pages in place of an answer. */
const pages: readonly (Fault & { readonly code: string })[] = [
  { status: 403, body: page, code: 'invalid_response' },
  { status: 400, body: page, code: 'invalid_response' },
  { status: 401, body: page, code: 'invalid_response' },
  { status: 429, body: page, code: 'rate_limited' },
  { status: 502, body: page, code: 'server_error' },
]

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(isOAuthError(error)).toBe(true)
  return error
}

describe.each(allRows)('$name', (named) => {
  const asked = named.row.scopes ?? []

  describe('with scopes', () => {
    it('that do not exist keeps who was signed in', async () => {
      const { client, server, signIn } = rowRig(named)
      await signIn()
      const before = await client.getToken()
      const { url } = await client.start({ scopes: [...asked, 'no:such'] })
      // Some servers send nobody back, and show the person a page.
      const callback = await server.approve(url).catch(() => undefined)
      if (callback === undefined) expect(named.double).toBe('anthropic')
      else {
        const error = await failureOf(client.finish(callback))
        expect(error).toMatchObject({ code: 'authorization_failed', detail: { error: 'invalid_scope' } })
      }
      expect(await client.getToken()).toEqual(before)
    })

    it('fewer than asked for says which are missing, and keeps the tokens', async () => {
      const { client, signIn } = rowRig(named)
      const granted = asked.filter((scope) => scope !== named.expendable)
      const result = await signIn(granted)
      expect(result).toMatchObject({ saved: true, scopes: granted, missingScopes: [named.expendable] })
      await client.getToken({ forceRefresh: true })
      expect((await client.getToken()).scopes).toEqual(granted)
    })

    it('not named in the answer takes those that were asked for', async () => {
      const { client, server, signIn } = rowRig(named)
      server.tamper.tokenResponse = ({ scope: _, ...answer }) => answer
      expect(await signIn()).toMatchObject({ scopes: asked, missingScopes: [] })
      await client.getToken({ forceRefresh: true })
      expect((await client.getToken()).scopes).toEqual(asked)
    })
  })

  it('keeps the tokens of a person without an account of the provider’s own', async () => {
    const { client, signIn } = rowRig(named, { accountId: '' })
    const { account } = await signIn()
    expect(account?.accountId).toBeUndefined()
    expect((await client.getToken({ forceRefresh: true })).accessToken).not.toBe('')
  })

  it('keeps the refresh token when a refresh brings none', async () => {
    const { client, server, signIn } = rowRig(named)
    await signIn()
    const before = await client.getToken()
    server.faults.next('token', { ...refresh, fields: { refresh_token: undefined } })
    const after = await client.getToken({ forceRefresh: true })
    expect(after.accessToken).not.toBe(before.accessToken)
    expect(after.refreshToken).toBe(before.refreshToken)
  })

  it('takes tokens whose expires_in is absent, a text, or absurdly long or short', async () => {
    const { client, server, signIn } = rowRig(named)
    const now = server.clock.now()
    const lives = [undefined, null, '3600', 1e300, 0] as const
    const ends = [undefined, undefined, now + 3_600_000, 8.64e15, now]
    for (const [index, expires_in] of lives.entries()) {
      server.faults.next('token', { fields: { expires_in } })
      expect((await signIn()).expiresAt).toBe(ends[index])
      server.faults.next('token', { ...refresh, fields: { expires_in } })
      expect((await client.getToken({ forceRefresh: true })).expiresAt).toBe(ends[index])
    }
  })

  it('refuses an answer whose expires_in is no lifetime, and keeps what can be renewed', async () => {
    const { client, server, signIn } = rowRig(named)
    await signIn()
    for (const expires_in of [-1, 'soon', [3600]]) {
      const before = await client.getToken()
      for (const grant of ['refresh_token', 'authorization_code']) {
        server.faults.next('token', { grant, fields: { expires_in } })
        const work = grant === 'refresh_token' ? client.getToken({ forceRefresh: true }) : signIn()
        expect(await failureOf(work)).toMatchObject({ code: 'invalid_response' })
      }
      expect((await client.getToken({ forceRefresh: true })).accessToken).not.toBe(before.accessToken)
    }
  })

  it('takes a web page in place of an answer for a failure, and keeps who was signed in', async () => {
    const { client, server, signIn } = rowRig(named)
    await signIn()
    for (const { code, ...fault } of pages) {
      const before = await client.getToken()
      const repaired = server.faults.always('token', fault)
      for (const error of await Promise.all([client.getToken({ forceRefresh: true }), signIn()].map(failureOf))) {
        expect(error).toMatchObject({ code, detail: { endpoint: 'token', status: fault.status } })
        expect(JSON.stringify(error)).not.toContain('Just a moment')
      }
      expect(await client.getToken()).toEqual(before)
      repaired()
      server.clock.advance(60_000)
      expect((await client.getToken({ forceRefresh: true })).accessToken).not.toBe(before.accessToken)
    }
  })

  it('loses at most one call to a web page with status 200', async () => {
    const { client, server, signIn } = rowRig(named)
    await signIn()
    const before = await client.getToken()
    server.faults.next('token', { ...refresh, status: 200, body: page })
    await client.getToken({ forceRefresh: true }).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'invalid_response' })
    })
    expect((await client.getToken({ forceRefresh: true })).accessToken).not.toBe(before.accessToken)
  })
})
