import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as ask } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import type { AuthorizationServer } from '../../src/testing/index.ts'
import { readEntries } from '../package/entries.ts'
import { listen as listenPlain } from '../runtimes/listen.ts'
import { spawnProgram } from '../runtimes/spawn-program.ts'
import { openBrowser } from '../suites/worker/browser.ts'
import { listenWithChat } from './listen-with-chat.ts'
import type { EdgePart, EdgeRow } from './part.ts'

/** Each recipe, and what runs it. Hono gets a Node server around it. */
const recipes: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath],
  hono: [process.execPath],
  deno: ['node_modules/.bin/deno', 'run', '-A', '--no-lock'],
  bun: ['node_modules/.bin/bun'],
}

const secret = 'a secret of thirty-two characters'

/** The recipes of the example under Node, Deno, Bun and Hono, over real HTTP: sign-in, a streamed answer, sign-out. */
export const serverRecipes: EdgePart = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-servers-'))
  const rows: EdgeRow[] = []
  for (const [name, command] of Object.entries(recipes)) {
    const what = `sign-in, a streamed answer and sign-out under ${name}`
    try {
      rows.push({ what, measured: await tryRecipe(name, command, folder), holds: true })
    } catch (error) {
      rows.push({ what, measured: String(error), holds: false })
    }
  }
  await rm(folder, { recursive: true })
  return rows
}

async function tryRecipe(name: string, [program = '', ...args]: readonly string[], folder: string): Promise<string> {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const client = { clientId: 'chat', clientSecret: 'a secret of the client' }
  const registered = {
    ...client,
    authMethod: 'client_secret_basic',
    redirectUris: [`${origin}/auth/callback`],
  } as const
  const behind = await listenWithChat((issuer) => ({ issuer, clients: [registered] }))
  const file = join(folder, `${name}.mjs`)
  await writeFile(file, await bundle(name))
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    PUBLIC_URL: origin,
    PORT: String(port),
    ISSUER: behind.origin,
    API: behind.origin,
    CLIENT_ID: client.clientId,
    CLIENT_SECRET: client.clientSecret,
    COOKIE_SECRET: secret,
    VAULT_KEY: Buffer.alloc(32, 7).toString('base64url'),
    TOKENS: join(folder, `${name}.json`),
  }
  const running = spawnProgram(program, [...args, file], { env, stdio: ['ignore', 'inherit', 'inherit'] })
  try {
    await ready(port)
    return await drive(origin, behind.server)
  } finally {
    await running.end()
    await behind.close()
  }
}

async function drive(origin: string, server: AuthorizationServer): Promise<string> {
  const answer = async (request: Request): Promise<Response> => send(request)
  const browser = openBrowser({ origin, now: Date.now, handler: { answer } as never })
  const away = await browser.go('/auth/login?returnTo=/inbox')
  const back = await browser.go(await server.approve(away.location ?? ''), 'other')
  assert.equal(back.location?.href, `${origin}/inbox`)
  assert.equal([...browser.jar.keys()].join(), 'latchkey.auth')
  const headers = { 'content-type': 'application/json' }
  const chat = await browser.script('/api/v1/chat', { method: 'POST', headers, body: '{"message":"hello"}' })
  assert.equal(chat.status, 200)
  let parts = 0
  for await (const _part of chat.body ?? []) parts++
  assert.ok(parts > 3, `the answer came in ${parts} parts`)
  assert.equal((await browser.send('/api/v1/chat', { method: 'POST', headers, body: '{}' })).status, 403)
  assert.equal((await browser.script('/auth/logout', { method: 'POST' })).status, 200)
  assert.equal((await browser.script('/api/v1/chat', { method: 'POST', headers, body: '{}' })).status, 401)
  assert.equal(browser.jar.size, 0)
  return `streamed in ${parts} parts`
}

/** Sends a request as it is: `fetch` has headers of its own. */
async function send(request: Request): Promise<Response> {
  const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer())
  const headers = { ...Object.fromEntries(request.headers), ...(body && { 'content-length': body.length }) }
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    ask(request.url, { method: request.method, headers, timeout: 10_000 }, resolve).once('error', reject).end(body)
  })
  const kept = new Headers()
  for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
    kept.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '')
  }
  return new Response(Readable.toWeb(incoming) as unknown as BodyInit, {
    status: incoming.statusCode ?? 0,
    headers: kept,
  })
}

async function bundle(name: string): Promise<string> {
  const recipe = 'examples/worker-proxy/servers'
  const hono = `import { app } from './${recipe}/hono.ts'; import { listen } from './src/testing/listen.node.ts'
    await listen({ fetch: (request) => app.fetch(request) }, { port: Number(process.env.PORT) })`
  const { outputFiles } = await build({
    ...(name === 'hono'
      ? { stdin: { contents: hono, resolveDir: '.', loader: 'ts' } }
      : { entryPoints: [`${recipe}/${name}.ts`] }),
    // The front door last: the shorter name would also match the longer ones.
    alias: Object.fromEntries(
      [...readEntries()].reverse().map(({ subpath, source }) => [`latchkey${subpath.slice(1)}`, `./${source}`]),
    ),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    external: ['@napi-rs/keyring'],
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

async function freePort(): Promise<number> {
  const { port, close } = await listenPlain()
  await close()
  return port
}

async function ready(port: number): Promise<void> {
  for (const ends = Date.now() + 20_000; Date.now() < ends; ) {
    const up = await new Promise<boolean>((resolve) => {
      const probe = ask({ port, host: '127.0.0.1', path: '/' }, (incoming) => {
        incoming.resume()
        resolve(true)
      })
      probe.once('error', () => resolve(false)).end()
    })
    if (up) return
    await sleep(50)
  }
  throw new Error('The server did not start.')
}
