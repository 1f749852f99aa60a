import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { transformSync } from 'esbuild'
import { freshFolder } from '../runtimes/fresh-folder.ts'
import { readEntries } from './entries.ts'

/** Somebody who installed the package. */
export interface Consumer {
  /** Their folder. */
  readonly path: string
  /** Imports every entry and does the main job, under the runtime that `command` starts. Throws when that fails. */
  use(command: readonly string[]): void
  /** Checks a program's types against the declarations alone. Throws what the compiler says. */
  check(options: CheckOptions): void
  remove(): void
}

export interface CheckOptions {
  readonly moduleResolution: 'nodenext' | 'bundler'
  readonly lib: 'dom' | 'webworker'
  /** With the types of Node, and then the entries that need Node too. */
  readonly node: boolean
  /** The folder of the TypeScript that they have. @default ours */
  readonly compiler?: string
}

const entries = readEntries()
const nameOf = (subpath: string): string => `latchkey${subpath.slice(1)}`

export function installConsumer(tarball: string): Consumer {
  const folder = freshFolder()
  const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
  const run = (program: string, ...args: readonly string[]): void =>
    void execFileSync(program, args, { cwd: folder.path, stdio: 'pipe', timeout: 180_000 })

  const job = readFileSync('test/package/job.ts', 'utf8')
  write(
    'package.json',
    JSON.stringify({ private: true, type: 'module', dependencies: { latchkey: `file:${tarball}` } }),
  )
  write('.npmrc', readFileSync('.npmrc', 'utf8'))
  write('job.js', transformSync(job, { loader: 'ts' }).code)
  write('job.ts', job)
  copyFileSync('test/package/use.js', join(folder.path, 'use.js'))
  run('npm', 'install', '--prefer-offline', '--no-package-lock')
  mkdirSync(join(folder.path, 'node_modules/@types'))
  symlinkSync(resolve('node_modules/@types/node'), join(folder.path, 'node_modules/@types/node'))

  return {
    path: folder.path,
    use([program = '', ...args]) {
      run(program, ...args, 'use.js', ...entries.map(({ subpath }) => nameOf(subpath)))
    },
    check({ moduleResolution, lib, node, compiler = 'node_modules/typescript' }) {
      const seen = entries.filter(({ needsNode }) => node || !needsNode)
      write('all.ts', seen.map(({ subpath }, index) => `export * as e${index} from '${nameOf(subpath)}'\n`).join(''))
      write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: compilerOptions({ moduleResolution, lib, node }),
          files: ['all.ts', 'job.ts'],
        }),
      )
      run(process.execPath, resolve(compiler, 'bin/tsc'), '-p', '.')
    },
    remove: folder.remove,
  }
}

function compilerOptions({ moduleResolution, lib, node }: CheckOptions): object {
  return {
    target: 'es2022',
    lib: ['es2022', lib],
    module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution,
    types: node ? ['node'] : [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  }
}
