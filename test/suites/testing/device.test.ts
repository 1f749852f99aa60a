import { describe, expect, it } from 'vitest'
import { createAuthorizationServer, manualClock } from '../../../src/testing/index.ts'
import type { AuthorizationServer } from '../../../src/testing/index.ts'
import { callApi, postForm } from './browserless.ts'

interface Device {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
}

async function begin(server: AuthorizationServer): Promise<Device> {
  return (await postForm(server, '/device_authorization', { client_id: 'app', scope: 'openid read' })).json()
}

function poll(server: AuthorizationServer, device: Device, clientId = 'app'): Promise<Response> {
  return postForm(server, '/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    client_id: clientId,
    device_code: device.device_code,
  })
}

async function errorOf(answer: Promise<Response>): Promise<string> {
  return (await (await answer).json()).error
}

describe('the device grant', () => {
  it('gives tokens once the person has let the device in, and only once', async () => {
    const server = createAuthorizationServer({ clock: manualClock() })
    const device = await begin(server)
    expect(device).toMatchObject({ expires_in: 600, interval: 5, verification_uri: `${server.issuer}/device` })
    expect(device.user_code).toMatch(/^[B-Z]{4}-[B-Z]{4}$/)
    expect(await errorOf(poll(server, device))).toBe('authorization_pending')
    await server.approveDevice(device.user_code.toLowerCase().replace('-', ' '))
    server.clock.advance(5_000)
    const tokens = await (await poll(server, device)).json()
    expect((await callApi(server, tokens.access_token)).status).toBe(200)
    expect(tokens).toMatchObject({
      scope: 'openid read',
      refresh_token: expect.any(String),
      id_token: expect.any(String),
    })
    server.clock.advance(5_000)
    expect(await errorOf(poll(server, device))).toBe('invalid_grant')
  })

  it('adds five seconds for each poll that comes too soon', async () => {
    const server = createAuthorizationServer({ clock: manualClock() })
    const device = await begin(server)
    const after = async (ms: number): Promise<string> => {
      server.clock.advance(ms)
      return errorOf(poll(server, device))
    }
    expect(await after(0)).toBe('authorization_pending')
    expect(await after(4_999)).toBe('slow_down')
    expect(await after(9_999)).toBe('slow_down')
    expect(await after(15_000)).toBe('authorization_pending')
    expect(await after(15_000)).toBe('authorization_pending')
  })

  it('ends with the refusal, or with the time', async () => {
    const server = createAuthorizationServer({ clock: manualClock() })
    const denied = await begin(server)
    await server.approveDevice(denied.user_code, { deny: 'access_denied' })
    expect(await errorOf(poll(server, denied))).toBe('access_denied')
    const late = await begin(server)
    server.clock.advance(600_000)
    expect(await errorOf(poll(server, late))).toBe('expired_token')
    await expect(server.approveDevice(late.user_code)).rejects.toBeInstanceOf(TypeError)
  })

  it('is for the client that began it', async () => {
    const server = createAuthorizationServer({ clients: [{ clientId: 'app' }, { clientId: 'other' }] })
    expect(await errorOf(poll(server, await begin(server), 'other'))).toBe('invalid_grant')
  })

  it('can be answered at once', async () => {
    const server = createAuthorizationServer({ autoApprove: { scopes: ['read'] } })
    expect(await (await poll(server, await begin(server))).json()).toMatchObject({ scope: 'read' })
  })

  it('has pages for a person', async () => {
    const server = createAuthorizationServer()
    const device = await begin(server)
    expect(await (await server.fetch(device.verification_uri)).text()).toContain('name="user_code"')
    const wrong = await server.fetch(`${device.verification_uri}?user_code=XXXX-XXXX`)
    expect(wrong.status).toBe(400)
    const page = await (await server.fetch(device.verification_uri_complete)).text()
    expect(page).toContain(device.user_code)
    const done = await postForm(server, '/device', { user_code: device.user_code, decision: 'approve', scope: 'read' })
    expect(done.status).toBe(200)
    expect(await (await poll(server, device)).json()).toMatchObject({ scope: 'read' })
  })
})
