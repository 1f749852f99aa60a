// npm run edge [-- paths|stores|speed|example|servers …] [-- --short]
// The edge in a real workerd: what goes upstream, what tokens live through, what it costs.

import { styleText } from 'node:util'
import type { EdgePart } from './part.ts'
import { proxyPaths } from './proxy-paths.ts'
import { speed } from './speed.ts'
import { stores } from './stores.ts'

const parts: Readonly<Record<string, EdgePart>> = {
  paths: proxyPaths,
  stores,
  speed,
  // These need a build, which the others do without.
  example: async (options) => (await import('./example-in-browser.ts')).exampleInBrowser(options),
  servers: async (options) => (await import('./server-recipes.ts')).serverRecipes(options),
}

const words = process.argv.slice(2)
const short = words.includes('--short')
const wanted = words.filter((word) => !word.startsWith('--'))
const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))

if (unknown.length > 0) {
  console.log(`There is no part ${unknown.join(', ')}. There are ${Object.keys(parts).join(', ')}.`)
  process.exitCode = 2
} else {
  for (const [name, part] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    const began = performance.now()
    const rows = await part({ short })
    console.log(`${name}, after ${((performance.now() - began) / 1000).toFixed(1)} s`)
    for (const { what, measured, holds } of rows) {
      console.log(`  ${holds ? styleText('green', 'holds') : styleText('red', 'FAILS')}  ${what}: ${measured}`)
      if (!holds) process.exitCode = 1
    }
  }
}
