import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { findProgram } from '../runtimes/find-program.ts'
import { readEntries } from '../package/entries.ts'
import type { BenchPart, BenchRow, BenchTable, Budget } from './part.ts'
import { spreadOf } from './spread.ts'
import { workerStart } from './worker-start.ts'

interface Runtime {
  readonly name: string
  readonly command: readonly string[]
}

const local = (name: string): string =>
  findProgram(resolve('node_modules/.bin', name)) ?? resolve('node_modules/.bin', name)

const runtimes: readonly Runtime[] = [
  { name: 'Node', command: [process.execPath] },
  { name: 'Deno', command: [local('deno'), 'run', '-A', '--no-lock', '--node-modules-dir=manual'] },
  { name: 'Bun', command: [local('bun'), 'run'] },
]

/** What an import costs in a fresh process, told by that process. */
export const imports: BenchPart = async ({ short }) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  try {
    const script = join(folder, 'import.mjs')
    writeFileSync(
      script,
      'const began = performance.now(); await import(process.argv[2]); console.log(performance.now() - began)\n',
    )
    const tables = runtimes.map((runtime) =>
      ofRuntime(runtime, script, runtime.name === 'Node' ? (short ? 3 : 21) : short ? 3 : 11),
    )
    return [...tables, commandLine(folder, short ? 3 : 15), await workerStart(folder, short ? 5 : 31)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function ofRuntime({ name, command }: Runtime, script: string, times: number): BenchTable {
  const built = readEntries().map((entry) => [entry.subpath, resolve(entry.built)] as const)
  const usual = ['.', './core', './browser', './node', './worker']
  const wanted = name === 'Node' && times > 5 ? built : built.filter(([subpath]) => usual.includes(subpath))
  const targets = [['oauth4webapi', resolve('node_modules/oauth4webapi/build/index.js')] as const, ...wanted]
  const samples = new Map<string, number[]>(targets.map(([subpath]) => [subpath, []]))
  for (let time = 0; time < times; time++) {
    for (const [subpath, file] of targets) samples.get(subpath)?.push(importTime(command, script, file))
  }
  const reference = samples.get('oauth4webapi') ?? []
  const rows: BenchRow[] = targets.map(([subpath], index) => {
    const all = samples.get(subpath) ?? []
    const ratio = spreadOf(all.map((took, time) => took / (reference[time] ?? Number.NaN)))
    return {
      name: subpath === 'oauth4webapi' ? subpath : `latchkey${subpath.slice(1)}`,
      took: spreadOf(all),
      ...(index > 0 && { ratio }),
    }
  })
  const own = rows.find((row) => row.name === 'latchkey')?.ratio?.median ?? Number.NaN
  const budget = {
    what: `importing latchkey takes at most 1.3 × oauth4webapi alone in ${name}`,
    measured: `${own.toFixed(2)} ×`,
    holds: own <= 1.3,
  }
  return { title: `Import in a fresh process, ${name}`, unit: 'ms', reference: 'oauth4webapi', rows, budgets: [budget] }
}

function importTime([program = '', ...args]: readonly string[], script: string, file: string): number {
  const { stdout, stderr, status } = spawnSync(program, [...args, script, pathToFileURL(file).href], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`${file} cannot be imported: ${stderr.slice(0, 400)}`)
  return Number(stdout)
}

/** `latchkey token` with a good token in the file: what it takes, and what it loads. */
function commandLine(folder: string, times: number): BenchTable {
  const path = join(folder, 'auth.json')
  const tokens = { type: 'oauth', refresh: 'r', access: 'a', expires: Date.now() + 36_000_000 }
  writeFileSync(path, JSON.stringify({ example: tokens }), { mode: 0o600 })
  const trace = join(folder, 'trace.mjs')
  writeFileSync(trace, tracer)
  const env = { ...process.env, LATCHKEY_AUTH_FILE: path, LATCHKEY_TRACE: join(folder, 'loaded') }
  const run = (args: readonly string[]): number => {
    const began = performance.now()
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env, timeout: 60_000 })
    if (status !== 0) throw new Error(`The command failed: ${stderr.slice(0, 400)}`)
    return performance.now() - began
  }
  const command = [resolve('dist/cli/main.js'), 'token', 'example']
  const [bare, own]: [number[], number[]] = [[], []]
  for (let time = 0; time < times; time++) {
    bare.push(run(['-e', '0']))
    own.push(run(command))
  }
  const loadedBy = (args: readonly string[]): readonly string[] => {
    run(['--import', pathToFileURL(trace).href, ...args])
    return readFileSync(join(folder, 'loaded'), 'utf8').split('\n').filter(Boolean)
  }
  // Whoever writes into a pipe loads what pipes need.
  const usual = loadedBy(['-e', "process.stdout.write('.')"])
  const loaded = loadedBy(command).filter((name) => !usual.includes(name))
  const ratio = spreadOf(own.map((took, time) => took / (bare[time] ?? Number.NaN)))
  return {
    title: 'latchkey token, with a good token in the file: the whole process',
    unit: 'ms',
    reference: 'node -e 0',
    rows: [
      { name: 'node -e 0', took: spreadOf(bare) },
      { name: 'latchkey token', took: spreadOf(own), ratio },
    ],
    budgets: [loadsNeither(loaded)],
  }
}

function loadsNeither(loaded: readonly string[]): Budget {
  const unwanted = loaded.filter((name) =>
    /undici|internal.*fetch|^NativeModule (_?http|net$|tls)|oauth4webapi|loopback\.node/.test(name),
  )
  return {
    what: 'a CLI that finds a good token in its file loads neither the callback server nor fetch',
    measured: unwanted.length === 0 ? 'neither' : unwanted.slice(0, 5).join(', '),
    holds: unwanted.length === 0 && loaded.length > 0,
  }
}

/** Run in the command's own process: writes down at its end which of Node's modules it has loaded. */
const tracer = `
import { writeFileSync } from 'node:fs'
process.on('exit', () => writeFileSync(process.env.LATCHKEY_TRACE, process.moduleLoadList.join('\\n')))
`
