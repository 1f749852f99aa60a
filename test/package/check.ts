// npm run package: is the tarball what it should be, and does it work where it is said to work?

import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { freshFolder } from '../runtimes/fresh-folder.ts'
import { type Documents, makeDocuments, staleFiles } from './api/documents.ts'
import { checkJsr } from './check-jsr.ts'
import { checkRecipes } from './check-recipes.ts'
import { type Consumer, installConsumer } from './consumer.ts'
import { installFolder } from './install-folder.ts'
import { pack, type Packed } from './pack.ts'
import { bundlers, runBundle } from './run-bundle.ts'

interface Check {
  readonly name: string
  readonly run: () => void | Promise<void>
}

const nodes = 'test/package/nodes'
const consumers = 'test/package/consumers'

for (const folder of [nodes, consumers]) installFolder(folder)
const packed = pack()
const consumer = installConsumer(packed.tarball)
try {
  const checks = [
    ...judges(packed.tarball),
    ...papers(packed),
    ...types(consumer),
    ...bundles(consumer),
    ...runtimes(consumer),
  ]
  const verdicts: Verdict[] = []
  for (const check of checks) verdicts.push(await judge(check))
  report(verdicts)
} finally {
  consumer.remove()
  packed.remove()
}

function judges(tarball: string): readonly Check[] {
  const bin = (name: string): string => `node_modules/.bin/${name}`
  return [
    { name: 'publint', run: () => start(bin('publint'), 'run', tarball, '--strict') },
    { name: 'are the types wrong', run: () => start(bin('attw'), tarball, '--profile', 'esm-only') },
    { name: 'JSR', run: checkJsr },
  ]
}

/** What is made of the declarations is as it would be made now, and nothing in it is unexplained. */
function papers({ contents }: Packed): readonly Check[] {
  let made: Documents | undefined
  const documents = (): Documents => (made ??= makeDocuments(contents))
  const none = (what: string, found: readonly string[]): void => {
    if (found.length > 0) throw new Error([what, ...found].join('\n  '))
  }
  return [
    { name: 'API report, API reference, llms.txt', run: () => none('Run npm run api:', staleFiles(documents())) },
    { name: 'every name is explained', run: () => none('Say in the source:', documents().undocumented) },
  ]
}

function types({ path, check }: Consumer): readonly Check[] {
  const worlds = [
    { lib: 'dom', node: false },
    { lib: 'webworker', node: false },
    { lib: 'dom', node: true },
  ] as const
  const ours = (['nodenext', 'bundler'] as const).flatMap((moduleResolution) =>
    worlds.map((world) => ({
      name: `types: ${moduleResolution}, ${world.lib}${world.node ? ', node' : ''}`,
      run: () => check({ moduleResolution, ...world }),
    })),
  )
  const older = ['5.4', '5.9', '6.0'].flatMap((version) => {
    const compiler = `${consumers}/node_modules/typescript-${version}`
    return [
      {
        name: `types: TypeScript ${version}, nodenext, node`,
        run: () => check({ moduleResolution: 'nodenext', lib: 'dom', node: true, compiler }),
      },
      {
        name: `types: TypeScript ${version}, bundler`,
        run: () => check({ moduleResolution: 'bundler', lib: 'dom', node: false, compiler }),
      },
    ]
  })
  return [...ours, ...older, { name: 'types: recipes', run: () => checkRecipes(path) }]
}

function bundles({ path }: Consumer): readonly Check[] {
  return Object.entries(bundlers).map(([name, bundler]) => ({
    name: `${name} bundle`,
    run: async () => {
      const away = freshFolder()
      await runBundle(path, bundler, away.path).finally(away.remove)
    },
  }))
}

function runtimes({ use }: Consumer): readonly Check[] {
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

async function judge({ name, run }: Check): Promise<Verdict> {
  try {
    await run()
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
