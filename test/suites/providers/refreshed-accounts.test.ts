import { expect, it } from 'vitest'
import type { Fetch, Provider } from '../../../src/contracts.ts'
import { createClient } from '../../../src/index.ts'
import { anthropicPlatform } from '../../../src/providers/anthropic.ts'
import { openaiCodex } from '../../../src/providers/openai.ts'
import { createProviderServer } from '../../../src/testing/index.ts'

const rows = [
  ['workspace', 'anthropic', anthropicPlatform(), 'workspace'],
  ['ID token', 'openai-codex', openaiCodex(), 'id_token'],
] as const

it.each(rows)('who signed in is known as before, where a refresh names no %s', async (_, provider, row, silent) => {
  const server = createProviderServer({ provider, anyPort: true })
  const client = createClient({
    provider: server.relocate(row as Provider),
    redirectUri: `http://localhost:1455${row.redirect?.loopback?.path}`,
    fetch: without(silent, server.fetch),
    clock: server.clock,
  })
  const { url } = await client.start()
  await client.finish(await server.approve(url))
  const { account } = client.getSnapshot()
  expect(account?.accountId).toBeDefined()
  await client.getToken({ forceRefresh: true })
  expect(client.getSnapshot().account).toEqual(account)
})

/** Answers refreshes without one member. */
function without(member: string, fetch: Fetch): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, init)
    if (!String(init?.body).includes('refresh_token')) return answer
    const { [member]: _, ...body } = (await answer.json()) as Record<string, unknown>
    return Response.json(body, { status: answer.status })
  }
}
