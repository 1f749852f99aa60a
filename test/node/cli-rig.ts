import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createNodeClient } from '../../src/node/node-client.ts'
import { oidc } from '../../src/providers/oidc.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { createAuthorizationServer, testClock } from '../../src/testing/index.ts'
import type { AuthorizationServer, AuthorizationServerOptions } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { freshFolder } from '../runtimes/fresh-folder.ts'

/** The program, and how this runtime starts it. */
export const program: string = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
export const runtime: readonly string[] =
  'Deno' in globalThis ? ['run', '-A', '--node-modules-dir=manual', '--no-lock'] : []
export const isNode: boolean = !('Deno' in globalThis) && !('Bun' in globalThis)

/** How one run ended. */
export interface Ending {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** One run of the program. */
export interface Run {
  readonly child: ChildProcess
  readonly ended: Promise<Ending>
  /** Waits until what was said so far matches. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

/** How the program is started. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What is piped into it; `open`: nothing yet, and it may come. @default no input at all */
  readonly input?: string
  readonly open?: boolean
  /** Arguments for the runtime. */
  readonly before?: readonly string[]
  /** The program's file. @default its bundle */
  readonly program?: string
}

/** A server, a folder of one's own, and the program. */
export interface CliRig {
  readonly origin: string
  readonly server: AuthorizationServer
  readonly folder: string
  readonly path: string
  /** The store key of the server's account. */
  readonly key: string
  readonly env: Readonly<Record<string, string>>
  start(args: readonly string[], options?: RunOptions): Run
  run(args: readonly string[], options?: RunOptions): Promise<Ending>
  /** Somebody signed in before, whose access token ends in `lifetime` milliseconds. */
  signIn(profile?: string): Promise<void>
  close(): Promise<void>
}

const longest = 80_000

export async function cliRig(options: AuthorizationServerOptions = {}): Promise<CliRig> {
  const folder = await mkdtemp(join(tmpdir(), 'cli-'))
  const running = await listen((origin) =>
    createAuthorizationServer({
      issuer: origin,
      clock: testClock(),
      autoApprove: true,
      clients: [{ clientId: 'cli', redirectUris: ['http://127.0.0.1/callback'] }],
      ...options,
    }),
  )
  const { origin, server } = running
  const path = join(folder, 'latchkey', 'auth.json')
  // No display, no CI, nobody's own settings.
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, LATCHKEY_AUTH_FILE: path }
  const provider = oidc({ issuer: origin, scopes: ['openid', 'profile', 'email', 'offline_access'] })
  const file = await bundle()
  const start = (args: readonly string[], more: RunOptions = {}): Run =>
    startProgram(args, env, { program: file, ...more })
  return {
    origin,
    server,
    folder,
    path,
    key: provider.id,
    env,
    start,
    run: (args, more) => start(args, more).ended,
    async signIn(account) {
      const client = createNodeClient({
        provider,
        clientId: 'cli',
        store: fileStore({ path }),
        allowInsecureLoopback: true,
        ...(account !== undefined && { account }),
      })
      await client.signIn({ via: 'loopback', openBrowser: visit, output: silent() })
      client.dispose()
    },
    async close() {
      await running.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

let bundled: Promise<string> | undefined

/** The program as few files, which start faster than its source. */
export function bundle(): Promise<string> {
  return (bundled ??= bundleInto(freshFolder().path))
}

async function bundleInto(outdir: string): Promise<string> {
  const { build } = await import('esbuild')
  await build({
    entryPoints: [program],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outdir,
    outExtension: { '.js': '.mjs' },
  })
  return join(outdir, 'main.mjs')
}

/** The person's browser, which follows the server back to the loopback port. */
export async function visit(url: URL | string): Promise<string> {
  return (await fetch(url)).text()
}

/** The address that a program asks to open. */
export const address: RegExp = /^(http\S+authorize\S+)$/m

function silent(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

function startProgram(args: readonly string[], env: Readonly<Record<string, string>>, options: RunOptions): Run {
  const { input, open = input !== undefined, before = [], program: file = program } = options
  const child = spawn(process.execPath, [...runtime, ...before, file, ...args], {
    env: { ...env, ...options.env },
    stdio: [open ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  const limit = setTimeout(() => child.kill('SIGKILL'), longest)
  let [out, err] = ['', '']
  const waiting = new Set<() => void>()
  const heard = (): void => {
    for (const look of waiting) look()
  }
  child.stdout?.on('data', (chunk) => {
    out += String(chunk)
    heard()
  })
  child.stderr?.on('data', (chunk) => {
    err += String(chunk)
    heard()
  })
  if (input !== undefined) child.stdin?.end(input)
  child.stdin?.on('error', () => undefined)
  const ended = new Promise<Ending>((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      // Deno takes a program that exits with 130 for one that a signal ended.
      const interrupted = runtime.length > 0 && signal === 'SIGINT'
      resolve({ code: interrupted ? 130 : code, out, err })
    })
  })
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(out + err)
          if (found === null) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
        void ended.then(() => reject(new Error(`It ended without ${String(pattern)}: ${out}${err}`)))
      }),
  }
}
