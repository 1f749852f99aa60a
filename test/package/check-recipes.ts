import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const libraries = {
  'node_modules/hono': 'hono',
  'node_modules/@types/react': '@types/react',
  'test/package/consumers/node_modules/vue': 'vue',
  'test/package/consumers/node_modules/svelte': 'svelte',
}

/** Compiles the recipes where the package is installed, beside the libraries they are for. Throws what the compiler says. */
export function checkRecipes(folder: string): void {
  for (const [from, name] of Object.entries(libraries)) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    if (!existsSync(link)) symlinkSync(resolve(from), link)
  }
  cpSync('examples/recipes', join(folder, 'recipes'), { recursive: true })
  writeFileSync(join(folder, 'tsconfig.recipes.json'), JSON.stringify({ compilerOptions, include: ['recipes'] }))
  const tsc = resolve('node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.recipes.json'], { cwd: folder, stdio: 'pipe', timeout: 120_000 })
}

const compilerOptions = {
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  jsx: 'react-jsx',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  // The libraries' own declarations are theirs to mend.
  skipLibCheck: true,
  noEmit: true,
}
