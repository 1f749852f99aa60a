import { describe, expect, it } from 'vitest'
import { OAuthError } from '../../../src/errors.ts'
import type { OAuthErrorCode, OAuthFailures } from '../../../src/errors.ts'
import { explain, explainFix, fixCodes } from '../../../src/explain/index.ts'

const failures: { readonly [Code in OAuthErrorCode]: OAuthFailures[Code] } = {
  config: { reason: 'issuer is not a URL.' },
  state_mismatch: { reason: 'unknown' },
  transaction_missing: {},
  transaction_expired: { after: 600_000 },
  issuer_mismatch: { expected: 'https://a.example', received: 'https://b.example' },
  invalid_callback: { reason: 'code occurs twice.' },
  access_denied: {},
  authorization_failed: { error: 'invalid_client', endpoint: 'token', status: 401 },
  invalid_response: { endpoint: 'token', reason: 'it is not JSON.', status: 200 },
  unexpected_redirect: { endpoint: 'token', status: 302 },
  origin_not_allowed: { origin: 'https://evil.example' },
  network: { endpoint: 'token', sent: 'no' },
  timeout: { what: 'the token endpoint', after: 30_000 },
  rate_limited: { endpoint: 'token', status: 429 },
  server_error: { endpoint: 'token', status: 503 },
  sign_in_required: { reason: 'absent' },
  scope_missing: { missing: ['read'] },
  lock_timeout: { after: 30_000 },
  store_corrupt: { where: 'auth.json', reason: 'it is not JSON' },
  store_denied: { where: 'auth.json', reason: 'no permission' },
  persist_failed: { where: 'auth.json', reason: 'the disk is full' },
  port_in_use: { ports: [1455, 1457] },
  popup_blocked: {},
  popup_closed: {},
  unsupported: { what: 'device codes' },
  aborted: {},
  signed_out: {},
}
const codes = Object.keys(failures) as OAuthErrorCode[]

describe('explain', () => {
  it.each(codes)('says of %s what happened, why, and what to do', (code) => {
    const error = new OAuthError(code, failures[code])
    const explained = explain(error)
    expect(explained).toEqual({ fix: code, what: expect.stringMatching(/\S \S/), ...explainFix(code) })
    expect(explained?.why).toMatch(/^[A-Z].{20,}[.]$/)
    expect(explained?.todo).toMatch(/^[A-Z].*[.)]$/)
  })

  it('tells an issuer without metadata from other answers that cannot be used', () => {
    const absent = new OAuthError('invalid_response', { endpoint: 'discovery', reason: 'status 404', status: 404 })
    expect(explain(absent)?.fix).toBe('discovery_path')
    const trouble = new OAuthError('invalid_response', { endpoint: 'token', reason: 'status 404', status: 404 })
    expect(explain(trouble)?.fix).toBe('invalid_response')
  })

  it('has nothing to say of other errors', () => {
    expect([explain(new TypeError('x')), explain(undefined), explain('config')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('has nothing to say of a code that only a newer copy of the package knows', () => {
    const newer = Object.assign(new OAuthError('aborted', {}), { code: 'constructor' })
    expect(explain(newer)).toBeUndefined()
  })

  it('knows a remedy for each failure, and for each broken set-up, under a name of its own', () => {
    expect(fixCodes).toEqual(expect.arrayContaining(codes))
    expect(new Set(fixCodes).size).toBe(codes.length + 10)
    for (const code of fixCodes) expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
  })
})
