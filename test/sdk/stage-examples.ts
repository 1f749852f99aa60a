import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readEntries } from '../package/entries.ts'

const examples = ['ai-sdk', 'anthropic-sdk', 'mcp-client'] as const

/**
 * Copies the examples to where the packages are that they import, with `latchkey` as it stands in `src`.
 * Nothing else is changed.
 */
export function stageExamples(): void {
  const sources = new Map(readEntries().map(({ subpath, source }) => [`latchkey${subpath.slice(1)}`, source]))
  mkdirSync(new URL('.tmp/', import.meta.url), { recursive: true })
  for (const name of examples) {
    const text = readFileSync(new URL(`../../examples/${name}.ts`, import.meta.url), 'utf8')
    const moved = text.replaceAll(/'(latchkey[\w/-]*)'/g, (_, entry: string) => `'../../../${sources.get(entry)}'`)
    writeFileSync(staged(name), moved)
  }
}

/** Where an example was copied to. */
export function staged(name: (typeof examples)[number]): URL {
  return new URL(`.tmp/${name}.ts`, import.meta.url)
}
