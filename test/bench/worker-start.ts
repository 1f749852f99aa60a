import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { readEntries } from '../package/entries.ts'
import type { BenchRow, BenchTable } from './part.ts'
import { spreadOf } from './spread.ts'

const job = `import { TokenVault, worker } from './test/size/jobs/worker.ts'
  export { TokenVault }`

const ok = "new Response('ok')"

const loaded = `${job}\nexport default { fetch: (request) => request.url === '' ? worker.fetch(request) : ${ok} }`

const unrun = 'floor: the text of the Worker BFF, read by the engine and never run'

/** What the BFF takes of its dependencies at least. */
const requests = [
  'authorizationCodeGrantRequest',
  'processAuthorizationCodeResponse',
  'refreshTokenGrantRequest',
  'processRefreshTokenResponse',
  'discoveryRequest',
  'processDiscoveryResponse',
  'revocationRequest',
].join(', ')
const parts = `import { ${requests} } from 'oauth4webapi'
  import { compactDecrypt } from 'jose/jwe/compact/decrypt'
  import { CompactEncrypt } from 'jose/jwe/compact/encrypt'
  import { createLocalJWKSet } from 'jose/jwks/local'
  import { compactVerify } from 'jose/jws/compact/verify'
  const all = { ${requests}, compactDecrypt, CompactEncrypt, createLocalJWKSet, compactVerify }
  export default { fetch: (request) => request.url === '' ? all[request.method]() : ${ok} }`

/** Scripts of a Worker; the first is what the others stand beside. What is asked for is `/auth/session`. */
const contenders: readonly (readonly [name: string, script: string])[] = [
  ['an empty Worker', `export default { fetch: () => ${ok} }`],
  ['an empty Worker and an empty TokenVault', `export class TokenVault {}\nexport default { fetch: () => ${ok} }`],
  ['oauth4webapi, whole, loaded', whole('oauth4webapi')],
  ['jose, whole, loaded', whole('jose')],
  ['floor: what the Worker BFF takes of oauth4webapi and jose, loaded', parts],
  [unrun, loaded],
  ['latchkey, the Worker BFF, loaded', loaded],
  ['latchkey, the Worker BFF, with its first answer', `${job}\nexport default worker`],
]

/** Everything of a package, for a case that no bundler can know never to happen. */
function whole(name: string): string {
  return `import * as all from '${name}'
    export default { fetch: (request) => request.url === '' ? all[request.method]() : ${ok} }`
}

/** What the process that runs a Worker has used up when the Worker has answered for the first time. */
export async function workerStart(folder: string, times: number): Promise<BenchTable> {
  const title = 'From nothing to the first answer of a Worker: processor time of workerd'
  const table = { title, unit: 'ms', reference: contenders[0]?.[0] ?? '' } as const
  if (!existsSync('/proc/self/schedstat')) {
    return { ...table, rows: [], budgets: [], notes: ['not measured: only Linux tells what another process has used'] }
  }
  const configs = await Promise.all(
    contenders.map(([name, script], index) => prepare(join(folder, `worker-${index}`), script, name === unrun)),
  )
  const samples = configs.map((): number[] => [])
  for (let time = 0; time < times; time++) {
    for (const [index, config] of configs.entries()) samples[index]?.push(await startOnce(config))
  }
  const empty = samples[0] ?? []
  const rows: BenchRow[] = contenders.map(([name], index) => {
    const all = samples[index] ?? []
    const ratio = spreadOf(all.map((took, time) => took / (empty[time] ?? Number.NaN)))
    return { name, took: spreadOf(all), ...(index > 0 && { ratio }) }
  })
  const over = spreadOf((samples.at(-2) ?? []).map((took, time) => took - (empty[time] ?? Number.NaN))).median
  const budget = {
    what: 'the Worker BFF, loaded, uses at most 4 ms of the processor over an empty Worker',
    measured: `${over.toFixed(1)} ms`,
    holds: over <= 4,
  }
  return { ...table, rows, budgets: [budget] }
}

/** Bundles a Worker as its author would, and gives its configuration. */
async function prepare(folder: string, script: string, never: boolean): Promise<string> {
  mkdirSync(folder)
  const { outputFiles } = await build({
    stdin: { contents: script, resolveDir: '.' },
    bundle: true,
    write: false,
    minify: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    // A module cannot stand within a function.
    format: never ? 'iife' : 'esm',
    target: 'es2022',
    // The front door last: the shorter name would also match the longer ones.
    alias: Object.fromEntries(
      readEntries()
        .map(({ subpath, built }) => [`latchkey${subpath.slice(1)}`, `./${built}`] as const)
        .toReversed(),
    ),
  })
  const [{ text = '' } = {}] = outputFiles
  const within = `const never = () => {${text}}\nexport default { fetch: (request) => request.url === '' ? never() : ${ok} }`
  writeFileSync(join(folder, 'worker.js'), never ? within : text)
  const config = join(folder, 'config.capnp')
  writeFileSync(config, configuration(!never && script.includes('TokenVault')))
  return config
}

function configuration(keeps: boolean): string {
  const bindings = `bindings = [
      (name = "CLIENT_SECRET", text = "a secret"),
      (name = "COOKIE_SECRET", text = "0123456789abcdef0123456789abcdef"),
      (name = "VAULT_KEY", text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
      (name = "VAULT", durableObjectNamespace = "TokenVault"),
    ],
    durableObjectNamespaces = [(className = "TokenVault", uniqueKey = "vault")],
    durableObjectStorage = (inMemory = void),`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
    modules = [(name = "worker.js", esModule = embed "worker.js")],
    compatibilityDate = "2026-07-30",
    ${keeps ? bindings : ''}
);
`
}

const { default: workerd } = createRequire(import.meta.url)('workerd') as { readonly default: string }

/** Starts workerd, asks once, and gives the milliseconds of processor time that it has used. */
async function startOnce(config: string): Promise<number> {
  const port = await freePort()
  const child = spawn(workerd, ['serve', config, '--socket-addr', `http=127.0.0.1:${port}`], { stdio: 'ignore' })
  try {
    for (let turn = 0; turn < 3000; turn++) {
      const answer = await fetch(`http://127.0.0.1:${port}/auth/session`).catch(() => undefined)
      if (answer !== undefined) {
        await answer.text()
        if (answer.status >= 500) throw new Error(`The Worker of ${config} answered ${answer.status}.`)
        return usedBy(child.pid ?? 0)
      }
      if (child.exitCode !== null) break
      await sleep(5)
    }
    throw new Error(`workerd does not start with ${config}.`)
  } finally {
    child.kill('SIGKILL')
  }
}

function usedBy(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const used = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6
}

function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? done(address.port) : failed(new Error())))
    })
  })
}
