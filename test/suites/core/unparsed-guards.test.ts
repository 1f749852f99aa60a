import { describe, expect, it } from 'vitest'

import { checkCallback, createProof, generateProofKey } from '../../../src/core/index.ts'
import { double, failureOf, partiesOf, started } from './rig.ts'

describe('a callback that nobody has parsed', () => {
  it('is refused where a parsed one would be', async () => {
    const server = double()
    const parties = await partiesOf(server)
    const { transaction, callback } = await started(server, parties)
    for (const name of ['code', 'id_token', 'token', 'response']) {
      const params = new URLSearchParams(callback.search)
      params.append(name, 'theirs')
      const error = await failureOf(() => checkCallback({ params }, transaction, parties.server, parties.provider))
      expect(error).toMatchObject({ code: 'invalid_callback' })
    }
  })
})

describe('a request with a proof', () => {
  it.each([
    ['once where it cannot be repeated', false, 1],
    ['once more where it can', true, 2],
  ] as const)('is sent %s, when an API wants another nonce', async (_, repeatable, times) => {
    const proof = createProof(await generateProofKey({ extractable: false }), double().clock)
    const proofs: string[] = []
    const answer = await proof.prove({
      accessToken: 'at-1',
      method: 'POST',
      url: new URL('https://api.example.com/'),
      repeatable,
      send: async (header) => {
        proofs.push(header)
        const headers = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'n' }
        return new Response('', { status: 401, headers })
      },
    })
    expect(answer.status).toBe(401)
    expect(new Set(proofs).size).toBe(times)
    expect(proofs).toHaveLength(times)
  })
})
