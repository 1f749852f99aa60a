import { describe, expect, it } from 'vitest'

import { parseCallback } from '../../../src/core/index.ts'
import { failureOf } from './rig.ts'

describe('a callback that is too long', () => {
  const long = 'c'.repeat(70_000)
  const rows: readonly [string, URL | URLSearchParams | string][] = [
    ['parameters', new URLSearchParams({ code: long, state: 's' })],
    ['a URL', new URL(`https://app.example.com/callback?code=${long}&state=s`)],
    ['a text that grows when it is read', `?state=s&code=${'€'.repeat(20_000)}`],
  ]
  it.each(rows)('is refused as %s', async (_, input) => {
    const error = await failureOf(() => parseCallback(input))
    expect(error).toMatchObject({ code: 'invalid_callback', detail: { reason: 'it is too long.' } })
  })
})
