import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createAuthorizationServer } from '../../../src/testing/index.ts'
import type { AuthorizationServer, RegisteredClient } from '../../../src/testing/index.ts'
import { postForm } from './browserless.ts'

const secret = 'p:ss wörd&+%'
const basic: RegisteredClient = { clientId: 'job:1', authMethod: 'client_secret_basic', clientSecret: secret }
const post: RegisteredClient = { clientId: 'job', authMethod: 'client_secret_post', clientSecret: secret }

function basicHeader(clientId: string, clientSecret: string): string {
  const encode = (text: string): string => new URLSearchParams({ v: text }).toString().slice(2)
  return `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`
}

function ask(
  server: AuthorizationServer,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return postForm(server, '/token', { grant_type: 'client_credentials', scope: 'read', ...fields }, headers)
}

describe('client authentication', () => {
  it('reads a secret from the header, form-encoded as RFC 6749 wants it', async () => {
    const server = createAuthorizationServer({ clients: [basic] })
    const answer = await ask(server, {}, { authorization: basicHeader('job:1', secret) })
    expect(answer.status).toBe(200)
    const body = await answer.json()
    expect(body).toMatchObject({ scope: 'read', token_type: 'Bearer' })
    expect(body).not.toHaveProperty('refresh_token')
    expect(server.history.last('token')).toMatchObject({ clientId: 'job:1', authMethod: 'client_secret_basic' })
    expect(JSON.stringify(server.history.entries)).not.toContain(basicHeader('job:1', secret).slice(6))
  })

  it('challenges a wrong secret in the header', async () => {
    const server = createAuthorizationServer({ clients: [basic] })
    for (const authorization of [basicHeader('job:1', 'wrong'), basicHeader('x', secret), 'Basic ***', 'Digest a']) {
      const answer = await ask(server, {}, { authorization })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
      expect(await answer.json()).toMatchObject({ error: 'invalid_client' })
    }
  })

  it('reads a secret from the body, and takes only the way that is registered', async () => {
    const server = createAuthorizationServer({ clients: [post] })
    expect((await ask(server, { client_id: 'job', client_secret: secret })).status).toBe(200)
    expect((await ask(server, { client_id: 'job', client_secret: 'wrong' })).status).toBe(401)
    expect((await ask(server, { client_id: 'job' })).status).toBe(401)
    expect((await ask(server, {}, { authorization: basicHeader('job', secret) })).status).toBe(401)
  })

  it('refuses two ways at once', async () => {
    const server = createAuthorizationServer({ clients: [post] })
    const both = await ask(
      server,
      { client_id: 'job', client_secret: secret },
      { authorization: basicHeader('job', secret) },
    )
    expect(both.status).toBe(400)
    expect(await both.json()).toMatchObject({ error: 'invalid_request' })
  })

  it('never lets in a client that was registered without its secret', async () => {
    const server = createAuthorizationServer({ clients: [{ clientId: 'job', authMethod: 'client_secret_post' }] })
    expect((await ask(server, { client_id: 'job', client_secret: '' })).status).toBe(401)
  })

  it('gives a public client no token of its own', async () => {
    const server = createAuthorizationServer({
      clients: [{ clientId: 'app', grantTypes: ['client_credentials'] }],
    })
    expect(await (await ask(server, { client_id: 'app' })).json()).toMatchObject({ error: 'unauthorized_client' })
  })

  it('refuses a grant that a client is not registered for', async () => {
    const server = createAuthorizationServer({ clients: [{ ...post, grantTypes: ['authorization_code'] }] })
    const answer = await ask(server, { client_id: 'job', client_secret: secret })
    expect(await answer.json()).toMatchObject({ error: 'unauthorized_client' })
  })
})

describe('private_key_jwt', () => {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

  async function rig(): Promise<{
    readonly server: AuthorizationServer
    readonly present: (changes?: Record<string, unknown>, key?: CryptoKey) => Promise<Response>
  }> {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwks = [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }]
    const server = createAuthorizationServer({ clients: [{ clientId: 'job', authMethod: 'private_key_jwt', jwks }] })
    const present = async (changes: Record<string, unknown> = {}, key = privateKey): Promise<Response> => {
      const now = Math.floor(server.clock.now() / 1000)
      const claims = { iss: 'job', sub: 'job', aud: server.issuer, jti: crypto.randomUUID(), iat: now, exp: now + 60 }
      const assertion = await new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .sign(key)
      return ask(server, { client_assertion: assertion, client_assertion_type: type })
    }
    return { server, present }
  }

  it('takes an assertion that the registered key signed, for the issuer or the token endpoint', async () => {
    const { server, present } = await rig()
    expect((await present()).status).toBe(200)
    expect((await present({ aud: `${server.issuer}/token` })).status).toBe(200)
    expect(server.history.last('token')).toMatchObject({ clientId: 'job', authMethod: 'private_key_jwt' })
  })

  it('refuses every single defect', async () => {
    const { server, present } = await rig()
    const now = Math.floor(server.clock.now() / 1000)
    for (const defect of [
      { aud: 'https://other.example' },
      { iss: 'x' },
      { exp: now - 1 },
      { exp: undefined },
      { jti: undefined },
    ]) {
      expect((await present(defect)).status, JSON.stringify(defect)).toBe(401)
    }
    const other = await generateKeyPair('ES256')
    expect((await present({}, other.privateKey)).status).toBe(401)
    expect((await present({ jti: 'once' })).status).toBe(200)
    expect((await present({ jti: 'once' })).status).toBe(401)
    const garbage = await ask(server, { client_assertion: 'garbage', client_assertion_type: type })
    expect(garbage.status).toBe(401)
  })
})
