// npm run package: is the tarball what it should be, and does it work where it is said to work?

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Consumer, installConsumer } from './consumer.ts'
import { pack } from './pack.ts'

interface Check {
  readonly name: string
  readonly run: () => void
}

const nodes = 'test/package/nodes'

const packed = pack()
const consumer = installConsumer(packed.tarball)
try {
  report([...judges(packed.tarball), ...types(consumer), ...runtimes(consumer)].map(judge))
} finally {
  consumer.remove()
  packed.remove()
}

function judges(tarball: string): readonly Check[] {
  const bin = (name: string): string => `node_modules/.bin/${name}`
  return [
    { name: 'publint', run: () => start(bin('publint'), 'run', tarball, '--strict') },
    { name: 'are the types wrong', run: () => start(bin('attw'), tarball, '--profile', 'esm-only') },
  ]
}

function types({ check }: Consumer): readonly Check[] {
  const worlds = [
    { lib: 'dom', node: false },
    { lib: 'webworker', node: false },
    { lib: 'dom', node: true },
  ] as const
  return (['nodenext', 'bundler'] as const).flatMap((moduleResolution) =>
    worlds.map((world) => ({
      name: `types: ${moduleResolution}, ${world.lib}${world.node ? ', node' : ''}`,
      run: () => check({ moduleResolution, ...world }),
    })),
  )
}

function runtimes({ use }: Consumer): readonly Check[] {
  if (!existsSync(`${nodes}/node_modules`)) execFileSync('npm', ['ci'], { cwd: nodes, stdio: 'pipe', timeout: 300_000 })
  const node = (name: string): Check => ({
    name: name.replace('node', 'Node ').replace('-first', ', the first'),
    run: () => use([resolve(nodes, 'node_modules', name, 'bin/node')]),
  })
  return [
    ...['node20-first', 'node20', 'node22'].map(node),
    { name: 'Node 24', run: () => use([process.execPath]) },
    node('node26'),
    { name: 'Deno', run: () => use([resolve('node_modules/.bin/deno'), 'run', '-A', '--node-modules-dir=manual']) },
    { name: 'Bun', run: () => use([resolve('node_modules/.bin/bun')]) },
  ]
}

function start(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe', timeout: 120_000 })
}

interface Verdict {
  readonly name: string
  readonly failure?: string
}

function judge({ name, run }: Check): Verdict {
  try {
    run()
    return { name }
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: unknown; readonly stderr?: unknown }
    return { name, failure: `${String(error)}\n${String(stdout)}\n${String(stderr)}` }
  }
}

function report(verdicts: readonly Verdict[]): void {
  for (const { name, failure } of verdicts) console.log(`${failure === undefined ? 'passed' : 'FAILED'}  ${name}`)
  const failures = verdicts.flatMap(({ name, failure }) => (failure === undefined ? [] : [`\n${name}:\n${failure}`]))
  for (const failure of failures) console.log(failure)
  console.log(`\n${verdicts.length - failures.length} passed, ${failures.length} failed, 0 skipped`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
