import { strictEqual } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { isOAuthError } from 'latchkey'
import { createNodeClient, fileStore } from 'latchkey/node'
import type { NodeClient } from 'latchkey/node'
import { oidc } from 'latchkey/providers/oidc'
import { createAuthorizationServer, testClock } from 'latchkey/testing'
import type { AuthorizationServer, TestClock } from 'latchkey/testing'
import { listen } from 'latchkey/testing/node'

import { onDisk, report } from './report.ts'

const callers = 1000

/** What the steps share. */
interface Job {
  readonly client: NodeClient
  readonly server: AuthorizationServer
  readonly clock: TestClock
  readonly path: string
}

/**
 * Signs in over real loopback HTTP with a person who clicks at once, and lives through a session:
 * a thousand callers, a second process, a stream, a sign-out. Throws where anything is not as promised.
 */
export async function offlineJob(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  const path = join(folder, 'auth.json')
  const clock = testClock()
  const running = await listen((origin) => createAuthorizationServer({ issuer: origin, clock, autoApprove: true }))
  const { server } = running
  const client = createNodeClient({
    provider: oidc({
      issuer: server.issuer,
      id: 'demo',
      name: 'the built-in server',
      scopes: ['openid', 'profile', 'read'],
    }),
    clientId: 'app',
    store: fileStore({ path }),
    apiOrigins: [new URL(server.apiUrl).origin],
    allowInsecureLoopback: true,
    clock,
  })
  const job: Job = { client, server, clock, path }
  try {
    const { step, print } = report(`Latchkey, against its own authorization server at ${server.issuer}`)
    await step('sign in', () => signIn(job))
    await step('call the API', () => callApi(job))
    await step(`expire, ${callers} callers`, () => oneRefresh(job))
    await step('second process', () => secondProcess(job))
    await step('back in the first', () => goOn(job))
    await step('read a stream', () => readStream(job))
    const file = await onDisk(path)
    await step('sign out', () => signOut(job))
    print(file, history(server))
  } finally {
    client.dispose()
    await running.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The person's browser: it follows the server's redirect to the loopback port. */
async function browser(url: URL): Promise<void> {
  await (await fetch(url)).text()
}

async function signIn({ client, server }: Job): Promise<string> {
  const result = await client.signIn({ via: 'loopback', openBrowser: browser })
  strictEqual(server.history.count({ endpoint: 'token', grant: 'authorization_code', status: 200 }), 1)
  strictEqual(result.saved, true)
  return `${result.account?.name ?? result.account?.subject} through the browser and a loopback port, code + PKCE, ID token proven`
}

async function callApi({ client, server }: Job): Promise<string> {
  const response = await client.fetch(`${server.apiUrl}/echo`)
  strictEqual(response.status, 200)
  const { account } = (await response.json()) as { account: string }
  return `the API knows who is asking: ${account}`
}

async function oneRefresh({ client, server, clock }: Job): Promise<string> {
  clock.advance(3_600_000)
  const before = refreshes(server)
  const tokens = await Promise.all(Array.from({ length: callers }, () => client.getAccessToken()))
  strictEqual(new Set(tokens).size, 1)
  strictEqual(refreshes(server) - before, 1)
  return 'one refresh for all of them, the same token for each'
}

async function secondProcess({ server, path }: Job): Promise<string> {
  const before = refreshes(server)
  const script = fileURLToPath(new URL('second-process.ts', import.meta.url))
  const env = { ...process.env, DEMO_AUTH_FILE: path, DEMO_ISSUER: server.issuer, DEMO_API: server.apiUrl }
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env, timeout: 30_000 })
  const said = JSON.parse(stdout) as { readonly pid: number; readonly account: string }
  strictEqual(refreshes(server) - before, 1)
  return `process ${said.pid} went on with the same file as ${said.account}, and rotated the refresh token`
}

async function goOn({ client, server }: Job): Promise<string> {
  const before = refreshes(server)
  const forced = await client.getAccessToken({ forceRefresh: true })
  strictEqual(forced.length > 0, true)
  strictEqual(refreshes(server) - before, 1)
  strictEqual(server.history.count({ reuse: true }), 0)
  return 'it read the file again before it refreshed: no token was ever shown twice'
}

async function readStream({ client, server }: Job): Promise<string> {
  const response = await client.fetch(`${server.apiUrl}/stream?count=25&interval=20`)
  let events = 0
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    events += decoder.decode(chunk, { stream: true }).split('data:').length - 1
  }
  strictEqual(events, 25)
  return `${events} server-sent events as they came`
}

async function signOut({ client, server }: Job): Promise<string> {
  const { revocation } = await client.signOut()
  strictEqual(revocation, 'done')
  const after = await client.getToken().catch((error: unknown) => error)
  strictEqual(isOAuthError(after) && after.code, 'sign_in_required')
  strictEqual(server.history.count({ endpoint: 'revocation', status: 200 }), 2)
  return 'the record is gone, and the server has revoked both tokens'
}

function refreshes(server: AuthorizationServer): number {
  return server.history.count({ endpoint: 'token', grant: 'refresh_token', status: 200 })
}

function history(server: AuthorizationServer): string {
  const reuse = server.history.count({ reuse: true })
  return `${server.history.entries.length} requests, ${refreshes(server)} refreshes, ${reuse} reused refresh tokens`
}
