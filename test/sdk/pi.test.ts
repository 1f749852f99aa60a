import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import type { Client } from '../../src/client/client.ts'
import { anthropic } from '../../src/providers/anthropic.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { createProviderServer } from '../../src/testing/index.ts'
import type { ProviderServer } from '../../src/testing/index.ts'
import {
  AuthStorage,
  ReadOnlyAuthStorage,
} from './node_modules/@earendil-works/pi-coding-agent/dist/core/auth-storage.js'

/** Entries that are none of ours, with a field that nobody knows. */
const foreign = {
  openrouter: { type: 'api_key', key: 'OPENROUTER_KEY', note: 'kept' },
  'github-copilot': { type: 'oauth', access: 'a', refresh: 'r', expires: 1, enterpriseUrl: 'https://ghe.example' },
}

let folder: string
let path: string
let server: ProviderServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pi-'))
  path = join(folder, 'auth.json')
  await writeFile(path, JSON.stringify(foreign, undefined, 2))
  server = createProviderServer({ provider: 'anthropic' })
})

afterEach(() => rm(folder, { recursive: true }))

const open = (): Client =>
  createClient({
    provider: server.relocate(anthropic({ mode: 'max' })),
    redirectUri: 'http://localhost:8765/callback',
    store: fileStore({ path }),
    fetch: server.fetch,
  })

async function signIn(): Promise<Client> {
  const client = open()
  const { url } = await client.start()
  await client.finish(await server.approve(url))
  return client
}

/** Something to wait for until the test says so. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

const others = async (): Promise<unknown> => {
  const { anthropic: _, ...rest } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  return rest
}

it("what we write is read by Pi's own readers", async () => {
  const tokens = await (await signIn()).getToken()
  const expected = {
    type: 'oauth',
    access: tokens.accessToken,
    refresh: tokens.refreshToken,
    expires: tokens.expiresAt,
  }
  expect(await new ReadOnlyAuthStorage(path).read('anthropic')).toMatchObject(expected)
  expect(await AuthStorage.create(path).read('anthropic')).toMatchObject(expected)
  expect((await AuthStorage.create(path).list()).map(({ providerId }) => providerId)).toEqual([
    ...Object.keys(foreign),
    'anthropic',
  ])
  expect(await others()).toEqual(foreign)
})

it('what Pi writes is read, used and renewed here, and read by Pi again', async () => {
  const { accessToken, refreshToken = '' } = await (await signIn()).getToken()
  const pi = AuthStorage.create(path)
  await pi.delete('anthropic')
  expect(await open().token()).toBeUndefined()
  await pi.modify('anthropic', async () => ({ type: 'oauth', access: accessToken, refresh: refreshToken, expires: 0 }))
  const renewed = await open().getToken()
  expect(renewed.accessToken).not.toBe(accessToken)
  expect(server.history.count({ grant: 'refresh_token', status: 200 })).toBe(1)
  expect(await pi.read('anthropic')).toMatchObject({ access: renewed.accessToken, refresh: renewed.refreshToken })
  expect(await others()).toEqual(foreign)
})

it('a sign-out takes one entry away, and Pi sees that', async () => {
  await (await signIn()).signOut()
  expect(await AuthStorage.create(path).read('anthropic')).toBeUndefined()
  expect(await others()).toEqual(foreign)
})

it('we wait while Pi renews, and take what it got: the refresh token is shown once', async () => {
  await signIn()
  const pi = AuthStorage.create(path)
  const [piBegan, piMayEnd] = [gate(), gate()]
  const piRenews = pi.modify('anthropic', async (current) => {
    piBegan.open()
    await piMayEnd.opened
    if (current?.type !== 'oauth') throw new Error('There is no entry.')
    return { ...current, access: 'renewed-by-pi', refresh: 'renewed-by-pi', expires: Date.now() + 3_600_000 }
  })
  await piBegan.opened
  let done = false
  const ours = open()
    .getToken({ forceRefresh: true })
    .finally(() => (done = true))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(done).toBe(false)
  piMayEnd.open()
  await piRenews
  expect((await ours).accessToken).toBe('renewed-by-pi')
  expect(server.history.count({ grant: 'refresh_token' })).toBe(0)
})

it('Pi waits while we renew, and finds what we got', async () => {
  const client = await signIn()
  const pi = AuthStorage.create(path)
  const held = server.faults.hold('token')
  const ours = client.getToken({ forceRefresh: true })
  await held.arrived
  const seen = pi.modify('anthropic', async (current) => current)
  await new Promise((resolve) => setTimeout(resolve, 300))
  held.release()
  const { accessToken } = await ours
  expect(await seen).toMatchObject({ access: accessToken })
})

it('neither loses what the other writes at the same time', async () => {
  const client = await signIn()
  const pi = AuthStorage.create(path)
  const added = Array.from({ length: 5 }, (_, index) => `added-${index}`)
  const piWrites = added.map((id) => pi.modify(id, async () => ({ type: 'api_key', key: id })))
  const renewals = [1, 2, 3].map(() => client.getToken({ forceRefresh: true }))
  await Promise.all([...piWrites, ...renewals])
  const { accessToken } = await client.getToken()
  expect(await pi.read('anthropic')).toMatchObject({ access: accessToken })
  const piHas = (await pi.list()).map(({ providerId }) => providerId)
  expect(piHas.toSorted()).toEqual([...Object.keys(foreign), ...added, 'anthropic'].toSorted())
})
