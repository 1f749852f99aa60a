import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, expect, it } from 'vitest'

import { createClient, memoryStore } from '../../src/index.ts'
import { oauth2 } from '../../src/providers/oauth2.ts'

const bodies: string[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => (body += chunk.toString()))
  request.on('end', () => {
    bodies.push(body)
    response.socket?.destroy()
  })
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

it('counts every time that a refresh token reaches a server that breaks the connection', async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const token = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`
  const store = memoryStore()
  await store.update('demo', () => ({
    tokens: { accessToken: 'good', tokenType: 'Bearer', refreshToken: 'once', expiresAt: Date.now() + 3_600_000 },
  }))
  const provider = oauth2({ id: 'demo', endpoints: { authorization: token, token }, rotation: 'strict' })
  const client = createClient({ provider, clientId: 'app', store, allowInsecureLoopback: true })

  await expect(client.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: 'network' })
  // Deno would send each of ours twice.
  const shown = bodies.filter((body) => body.includes('refresh_token=once')).length
  expect(shown).toBeGreaterThan(0)
  expect((await store.get('demo'))?.intent).toMatchObject({ lost: shown - 1 })
})
