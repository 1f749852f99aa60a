import { beforeEach, describe, expect, it } from 'vitest'
import { away, issuer, key, mcpRig, record, refresh } from './mcp-rig.ts'
import type { MCPRig } from './mcp-rig.ts'

let rig: MCPRig

beforeEach(() => {
  rig = mcpRig()
})

const tokens = { access_token: 'a', token_type: 'Bearer', refresh_token: 'first', issuer }

describe('tokens belong to the client id they were issued to', () => {
  it('also where somebody else who shares the store has registered another meanwhile', async () => {
    const callback = await away(rig.provider())
    const other = rig.provider()
    await other.saveClientInformation({ client_id: 'registered-by-other', issuer })
    await other.finish(callback, async () => {
      await other.addClientAuthentication(new Headers(), new URLSearchParams({ code: 'the-code' }))
      await other.saveTokens(tokens)
    })
    expect((await rig.store.get(key))?.clientId).toBe('mcp-client')
  })

  it('and are renewed by that', async () => {
    await rig.store.update(key, () => record('first'))
    const other = rig.provider()
    await other.saveClientInformation({ client_id: 'registered-by-other', issuer })
    const request = refresh('first')
    await other.addClientAuthentication(new Headers(), request)
    expect(request.get('client_id')).toBe('mcp-client')
    await other.saveTokens({ ...tokens, refresh_token: 'second' })
    expect(await rig.store.get(key)).toMatchObject({ clientId: 'mcp-client', tokens: { refreshToken: 'second' } })
  })
})
