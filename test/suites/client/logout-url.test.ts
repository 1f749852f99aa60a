import { expect, it } from 'vitest'
import { logoutUrl } from '../../../src/browser/logout-url.ts'
import { openClient } from '../../../src/client/create-client.ts'
import { oidc } from '../../../src/providers/oidc.ts'
import { createAuthorizationServer } from '../../../src/testing/index.ts'

const server = createAuthorizationServer()
const opened = openClient({ provider: oidc({ issuer: server.issuer }), clientId: 'app', fetch: server.fetch })
const tokens = { accessToken: 'a', tokenType: 'Bearer', idToken: 'who.it.is' } as const

it.each([
  ['whom this server knows', server.issuer, 'who.it.is', 'theirs'],
  ['whom another server knows', 'https://another.example', null, 'app'],
])('the address of a sign-out names %s only to their own server', async (_, issuer, hint, clientId) => {
  const url = await logoutUrl(opened, { tokens, issuer, clientId: 'theirs' }, undefined)
  expect([url?.searchParams.get('id_token_hint'), url?.searchParams.get('client_id')]).toEqual([hint, clientId])
})
