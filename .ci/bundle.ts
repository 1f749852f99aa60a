// Makes the scripts in dist/: one file for each subpath, and beside them what several share. tsc has written the
// declarations. An import costs by the number of files that are read, far more than by what is in them.

import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { rolldown } from 'rolldown'

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>
}

/**
 * What several entries share, by file. The first line that fits counts; what fits none stays with the one entry
 * that needs it, or becomes a file with all that the same entries need. No line may mix what is loaded at once with
 * what is loaded when it is asked for, or oauth4webapi with what stores and providers need.
 */
const homes: readonly (readonly [name: string, files: RegExp])[] = [
  // What every store and provider needs.
  ['base', /^(errors|contracts|stores\/(base64url|deadline|frozen|lock-queue|record-text|within-time))\.ts$/],
  ['sealed', /^stores\/(encryption-key|envelope|sealed-record)\.ts$/],
  ['tabs', /^stores\/(tab-hints|web-lock)\.ts$/],
  ['providers', /^providers\/(anthropic|openai|read\/.*)\.ts$/],
  // Loaded when it is asked for, by clients of every kind.
  ['proof', /^core\/proof\.ts$/],
  ['openid', /^core\/(device|discovery|id-token|push|user-info|verify-signature)\.ts$/],
  [
    'client',
    /^(client|lifecycle)\/|^stores\/memory|^core\/(?!index|optional|client-credentials|encrypted|endpoint-url)/,
  ],
  ['page', /^browser\/callback-at\.ts$|^redirects\/(open-window|page)\.dom\.ts$|^stores\/page-transactions\.ts$/],
  ['callback', /^redirects\/(escape-html|judge-callback|pasted-callback)\.ts$/],
  // What only reads, for a command that finds its token.
  [
    'records',
    /^stores\/((fs-failure|private-file|read-auth-file)\.node|auth-.*|edit-object)\.ts$|^node\/auth-file-(path|records)\.ts$/,
  ],
  ['files', /^stores\/(?!keychain).*\.node\.ts$|^node\/(auth-file-store|load-auth)\.ts$/],
  ['node', /^node\/(?!index)|^redirects\/.*\.node\.ts$/],
  ['cli', /^cli\/(command|commands|duration|misuse|row-names|slot|world)\.ts$/],
]

const { bin, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const named = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : target.default))
// The last is the script of a thread.
const scripts = [...named, ...Object.values(bin), 'dist/blocking/answer-calls.js']

const source = resolve('src')
const bundle = await rolldown({
  input: Object.fromEntries(
    scripts.map((script) => {
      const name = script.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '')
      return [name, `src/${name}.ts`]
    }),
  ),
  platform: 'neutral',
  // Dependencies stay what npm installs.
  external: (id) => !/^[./]/.test(id),
  preserveEntrySignatures: 'allow-extension',
  transform: { target: 'es2022' },
})
const { output } = await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'shared/[name].js',
  // The declarations carry the documentation.
  comments: { annotation: true, jsdoc: false, legal: true },
  minify: false,
  minifyInternalExports: false,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      {
        debugName: 'homes',
        name(id) {
          const file = relative(source, id).replaceAll('\\', '/')
          return homes.find(([, files]) => files.test(file))?.[0] ?? null
        },
      },
    ],
  },
})
await bundle.close()
console.log(`${output.filter(({ type }) => type === 'chunk').length} scripts`)
