// What `writeAnthropicProfile` writes, as Anthropic's own SDK reads it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Anthropic from '@anthropic-ai/sdk'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { readAnthropicProfile, refreshToken, writeAnthropicProfile } from '../../src/node/index.ts'
import { signedIn } from './rig.ts'
import type { Rig } from './rig.ts'

let rig: Rig
let folder: string

beforeEach(async () => {
  rig = await signedIn('anthropic')
  folder = await mkdtemp(join(tmpdir(), 'profile-'))
  vi.stubEnv('ANTHROPIC_CONFIG_DIR', folder)
  vi.stubEnv('ANTHROPIC_BASE_URL', rig.origin)
  for (const name of ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_PROFILE']) vi.stubEnv(name, undefined)
  const { account } = rig.client.getSnapshot()
  const { clientId = '' } = rig.client.provider
  await writeAnthropicProfile({ tokens: await rig.client.getToken(), clientId, ...(account && { account }) })
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rig.close()
  await rm(folder, { recursive: true })
})

async function ask(): Promise<unknown> {
  const messages = [{ role: 'user' as const, content: 'Hello' }]
  return new Anthropic().messages.create({ model: 'claude', max_tokens: 9, messages })
}

it('is all that a bare `new Anthropic()` needs', async () => {
  await expect(ask()).resolves.toMatchObject({ type: 'message' })
  const [call] = rig.calls
  expect(call?.headers.get('authorization')).toBe(`Bearer ${await rig.client.getAccessToken()}`)
  expect(call?.headers.get('anthropic-beta')).toContain('oauth-2025-04-20')
  expect(call?.headers.get('anthropic-workspace-id')).toBe('wrkspc_0001')
  expect(rig.refreshes()).toBe(0)
})

it('is renewed by the SDK, and what that wrote is read here, and is good', async () => {
  const before = await readAnthropicProfile()
  rig.server.revokeAccessTokens()
  await expect(ask()).resolves.toMatchObject({ type: 'message' })
  expect(rig.refreshes()).toBe(1)
  const after = await readAnthropicProfile()
  expect(after?.tokens.refreshToken).not.toBe(before?.tokens.refreshToken)
  expect(after).toMatchObject({ clientId: before?.clientId, account: before?.account })
  const { provider } = rig.client
  const tokens = await refreshToken({ provider, tokens: after?.tokens ?? '', allowInsecureLoopback: true })
  expect(tokens.accessToken).not.toBe(after?.tokens.accessToken)
})
