import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { findChromium } from './chromium-options.ts'
import type { Runtime } from './context.ts'
import { findProgram } from './find-program.ts'

/** How to start the tests in one runtime. */
export interface RuntimeEntry {
  readonly name: Runtime
  /** The command that runs vitest, without files and reporters. */
  readonly command: readonly string[]
  /** Whether what it needs is there, by the command that brings it. */
  readonly needs: Readonly<Record<string, () => boolean>>
  readonly version: () => string
  /** What the runtime prints of an uncaught error that vitest does not hear of. */
  readonly uncaught?: RegExp
}

const vitest = ['node_modules/vitest/vitest.mjs', 'run']
const apt = (name: string): string => `apt-get install ${name}`
const node = [process.execPath, ...vitest]
const inBrowser = (name: Runtime): readonly string[] => [
  ...node,
  '--config',
  'vitest.browsers.config.ts',
  '--project',
  name,
]

const deno = 'node_modules/.bin/deno'
const bun = 'node_modules/.bin/bun'
const firefox = (): string | undefined => findProgram('firefox-esr', 'firefox')
const webkit = (): string | undefined => findProgram('MiniBrowser')

/** Every runtime, those that take longest first. */
export const runtimes: readonly RuntimeEntry[] = [
  {
    name: 'firefox',
    command: inBrowser('firefox'),
    needs: { [apt('firefox-esr')]: () => firefox() !== undefined },
    version: () => ask(firefox(), '--version'),
  },
  {
    name: 'node',
    command: node,
    needs: {},
    version: () => process.versions.node,
  },
  {
    name: 'webkit',
    command: inBrowser('webkit'),
    needs: { [apt('webkit2gtk-driver xvfb')]: () => webkit() !== undefined && findProgram('Xvfb') !== undefined },
    // MiniBrowser tells its version to a screen only.
    version: () => ask(findProgram('dpkg-query'), '-W', '-f', '$' + '{Version}', 'libwebkit2gtk-4.1-0'),
  },
  {
    name: 'chromium',
    command: inBrowser('chromium'),
    needs: { [apt('chromium')]: () => findChromium() !== undefined },
    version: () => ask(findChromium(), '--version'),
  },
  {
    name: 'happy-dom',
    command: inBrowser('happy-dom'),
    needs: {},
    version: () => packageVersion('happy-dom'),
  },
  {
    name: 'workerd',
    command: [...node, '--config', 'vitest.workerd.config.ts'],
    needs: {},
    version: () => packageVersion('@cloudflare/vitest-plugin/node_modules/workerd'),
    uncaught: /^uncaught exception;/m,
  },
  {
    name: 'deno',
    command: [deno, 'run', '-A', '--node-modules-dir=manual', '--no-lock', ...vitest],
    needs: { 'npm ci': () => existsSync(deno) },
    version: () => ask(deno, '--version'),
  },
  {
    name: 'bun',
    command: [bun, '--bun', ...vitest],
    needs: { 'npm ci': () => existsSync(bun) },
    version: () => ask(bun, '--version'),
  },
]

/** The first version number that `program` prints. */
function ask(program: string | undefined, ...args: readonly string[]): string {
  if (program === undefined) return '?'
  try {
    const said = execFileSync(program, args, { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] })
    return /\d+(\.\d+)+/.exec(said)?.[0] ?? '?'
  } catch {
    return '?'
  }
}

function packageVersion(name: string): string {
  const text = readFileSync(`node_modules/${name}/package.json`, 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}
