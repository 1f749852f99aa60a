import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ApiName, readApi, type Subpath } from './read-api.ts'
import { writeLlms } from './write-llms.ts'
import { writeReference } from './write-reference.ts'
import { homesOf, reportFile, writeReport } from './write-report.ts'

const reports = 'test/package/api/reports'

/** What is made of the declarations, and what they lack. */
export interface Documents {
  /** Texts by path in the checkout. */
  readonly files: ReadonlyMap<string, string>
  /** Exported names without a sentence, and functions without an example. */
  readonly undocumented: readonly string[]
}

/** Reads the declarations of an unpacked package. */
export function makeDocuments(contents: string): Documents {
  const api = readApi(contents)
  const homes = homesOf(api)
  const { description } = JSON.parse(readFileSync(join(contents, 'package.json'), 'utf8')) as { description: string }
  const files = new Map([
    ['src/README.md', writeReference(api)],
    ['src/llms.txt', writeLlms(api, description)],
    ...api.map((subpath) => [`${reports}/${reportFile(subpath)}`, writeReport(subpath, homes)] as const),
  ])
  return { files, undocumented: undocumentedNames(api) }
}

/** The files that are not what they would be if they were made now. */
export function staleFiles({ files }: Documents): readonly string[] {
  const wrong = [...files].filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
  return [...wrong.map(([path]) => path), ...leftOver(files)]
}

export function writeDocuments({ files }: Documents): void {
  for (const path of leftOver(files)) rmSync(path)
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

function leftOver(files: Documents['files']): readonly string[] {
  return globSync(`${reports}/*`).filter((path) => !files.has(path))
}

function undocumentedNames(api: readonly Subpath[]): readonly string[] {
  const problems = api.flatMap(({ name: subpath, about, names }) => [
    ...(about === '' ? [`${subpath} has no comment that ends in @module`] : []),
    ...names.flatMap((given) => lacks(given).map((lack) => `${given.identity} ${lack}`)),
  ])
  return [...new Set(problems)]
}

function lacks({ text, callable, examples }: ApiName): readonly string[] {
  return [
    ...(/[.!?:`](\s|$)/.test(text) ? [] : ['has no sentence']),
    ...(callable && examples.length === 0 ? ['has no example'] : []),
  ]
}
