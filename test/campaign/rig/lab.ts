import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { AuthorizationServerOptions } from '../../../src/testing/index.ts'
import { openClient, signIn } from './open-client.ts'
import { seeded } from './seeded.ts'
import type { OpenOrder } from './client-commands.ts'
import type { Presentation, Weather } from './server.ts'
import { type ProcessOptions, type Remote, startProcess } from './start-process.ts'
import { fileStore } from '../../../src/stores/file.node.ts'

export type RuntimeName = 'node' | 'deno' | 'bun'

/** The authorization server, from outside. */
export interface Server {
  readonly origin: string
  readonly remote: Remote
  weather(weather: Weather): Promise<void>
  presentations(): Promise<Presentation[]>
  advance(ms: number): Promise<void>
}

/** What a case works with; all of it is gone when the case is over. */
export interface Lab {
  /** The long form: full numbers. */
  readonly long: boolean
  readonly seed: number
  readonly random: () => number
  /** The long or the short number. */
  size(long: number, short: number): number
  folder(): Promise<string>
  server(options?: AuthorizationServerOptions): Promise<Server>
  worker(options?: WorkerOptions): Promise<Remote>
  workers(count: number): Promise<Remote[]>
  /** Signs in into a file. */
  signIn(path: string, server: Server): Promise<void>
  end(): Promise<void>
}

export interface WorkerOptions extends ProcessOptions {
  readonly runtime?: RuntimeName
  /** A program that becomes the worker, for example `unshare -m`. */
  readonly through?: readonly string[]
}

/** The bundled programs. */
export interface Programs {
  readonly folder: string
  readonly worker: string
  readonly server: string
}

const folders = new Set<string>()

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** An empty folder, gone with this process at the latest. */
async function freshFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `latchkey-${name}-`))
  folders.add(folder)
  return folder
}

const here = dirname(fileURLToPath(import.meta.url))

/** Bundles this source, so that a process starts quickly, and the same text runs in every runtime. */
export async function bundlePrograms(): Promise<Programs> {
  const folder = await freshFolder('programs')
  await build({
    entryPoints: [join(here, 'worker.ts'), join(here, 'server.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2023',
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    external: ['@napi-rs/keyring'],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  })
  // So that a process of another person can run them too; nothing secret is in them.
  await chmod(folder, 0o755)
  return { folder, worker: join(folder, 'worker.mjs'), server: join(folder, 'server.mjs') }
}

/** The words that start a program in a runtime; `undefined` where it is not installed. */
export function runtimeCommand(runtime: RuntimeName): readonly string[] | undefined {
  if (runtime === 'node') return [process.execPath]
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('esbuild/package.json')))
  if (runtime === 'bun') {
    const bun = join(modules, 'bun/bin/bun.exe')
    return existsSync(bun) ? [bun] : undefined
  }
  const { arch } = process
  const deno = join(modules, `@deno/linux-${arch}-glibc/deno`)
  return existsSync(deno) ? [deno, 'run', '-A', '--no-lock', '--no-config', '--no-check'] : undefined
}

/** @param number Which case of this run, so that each has numbers of its own. */
export function createLab(programs: Programs, form: { readonly long: boolean; readonly seed: number }): Lab {
  const started: Remote[] = []
  const own: string[] = []
  const start = (argv: readonly string[], options?: ProcessOptions): Remote => {
    const remote = startProcess(argv, options)
    started.push(remote)
    return remote
  }
  const lab: Lab = {
    ...form,
    random: seeded(form.seed),
    size: (long, short) => (form.long ? long : short),
    async folder() {
      const folder = await freshFolder('campaign')
      own.push(folder)
      return folder
    },
    async server(options = {}) {
      const remote = start([process.execPath, programs.server])
      await remote.ready()
      const origin = await remote.call<string>('open', { clients: [campaignClient], ...options })
      return {
        origin,
        remote,
        weather: (weather) => remote.call('weather', weather),
        presentations: () => remote.call('presentations'),
        advance: (ms) => remote.call('advance', ms),
      }
    },
    async worker({ runtime = 'node', through = [], ...options } = {}) {
      const command = runtimeCommand(runtime)
      if (command === undefined) throw new Error(`${runtime} is not installed`)
      const remote = start([...through, ...command, programs.worker], options)
      await remote.ready()
      return remote
    },
    workers: (count) => Promise.all(Array.from({ length: count }, () => lab.worker())),
    signIn: (path, { origin }) => signIn(openClient({ origin, store: fileStore({ path }), worker: 'person' })),
    async end() {
      await Promise.all(started.map((remote) => remote.end()))
      await Promise.all(own.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })))
    },
  }
  return lab
}

const campaignClient = { clientId: 'app', redirectUris: ['http://127.0.0.1/callback'] }

/** Opens the client of a worker and gives the worker. */
export async function opened(remote: Remote, order: OpenOrder): Promise<Remote> {
  await remote.call('open', order)
  return remote
}

/** The refresh token that a file holds now. */
export function storedText(path: string): string {
  return readFileSync(path, 'utf8')
}
