import { expect, it } from 'vitest'

import { rig } from './rig.ts'

it('asks the server no more than twice for all whose token was refused, also where it gives the same one again', async () => {
  const refusing = new Response('', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })
  const { client, server, signIn, refreshes, api } = rig({
    server: { rotation: 'none' },
    between: (fetch) => async (input, init) =>
      String(input).endsWith('/echo') ? refusing.clone() : fetch(input, init),
  })
  await signIn()
  const token = await client.getAccessToken()
  server.tamper.tokenResponse = (body) => ({ ...body, access_token: token })
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(api)))
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401))
  expect(refreshes()).toBeLessThanOrEqual(2)
})
