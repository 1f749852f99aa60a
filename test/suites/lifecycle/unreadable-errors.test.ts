import { expect, it } from 'vitest'

import type { Provider, ProviderError } from '../../../src/contracts.ts'
import { hour, rig } from '../client/rig.ts'

/** A row for a server whose every error is of one shape. */
const rows: readonly (readonly [string, NonNullable<Provider['readError']>])[] = [
  ['throws', (body) => ({ error: (body as { error: { type: string } }).error.type.toLowerCase() })],
  ['gives no text', (body) => ({ error: (body as { error?: unknown }).error ?? 7 }) as unknown as ProviderError],
]

it.each(rows.flatMap((row) => [503, 429, 400].map((status) => [...row, status] as const)))(
  'a row that %s at an answer which is not its server’s costs no session',
  async (_, readError, status) => {
    const all = rig()
    const client = all.another({ provider: { ...all.client.provider, readError } })
    await all.signIn(client)
    all.clock.advance(hour)
    const fault = { grant: 'refresh_token', status, body: { message: 'down' } } as const
    for (let i = 0; i < 3; i++) {
      all.server.faults.next('token', fault)
      await expect(client.getToken()).rejects.not.toMatchObject({ code: 'sign_in_required' })
      all.clock.advance(60_000)
    }
    await client.getToken()
    expect(all.refreshes()).toBe(4)
  },
)
