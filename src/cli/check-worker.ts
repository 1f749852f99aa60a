import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { misuse } from './misuse.ts'
import type { Finding } from './finding.ts'

/** What a Worker's configuration gives it. */
interface WorkerConfig {
  readonly main?: string
  /** Names in the environment. */
  readonly names: ReadonlySet<string>
  /** Classes of Durable Objects that are bound, and those that a migration brings into being. */
  readonly bound: readonly string[]
  readonly migrated: ReadonlySet<string>
}

/** Whether everything that the Worker's main module uses of its environment is configured. */
export async function checkWorker(path: string): Promise<readonly Finding[]> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw misuse('--worker is a wrangler.jsonc, wrangler.json or wrangler.toml that can be read.')
  })
  const config = path.endsWith('.toml') ? fromToml(text) : fromJson(text)
  const folder = dirname(path)
  const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '')
  const secrets = [...(await read('.dev.vars')).matchAll(/^\s*([A-Za-z_]\w*)\s*=/gm)].map(([, name = '']) => name)
  const code = config.main === undefined ? '' : await read(config.main)
  const used = new Set([...code.matchAll(/(?<![.\w])env\.([A-Za-z_]\w*)/g)].map(([, name = '']) => name))
  const missing = [...used].filter((name) => !config.names.has(name) && !secrets.includes(name))
  const unborn = config.bound.filter((name) => !config.migrated.has(name))
  return [
    ...missing.map((name) => ({
      fix: 'worker_binding' as const,
      what: `${config.main} uses env.${name}, which ${path} does not give it.`,
    })),
    ...unborn.map((name) => ({
      fix: 'worker_binding' as const,
      what: `${path} binds ${name}, which no migration brings into being.`,
    })),
  ]
}

function fromJson(text: string): WorkerConfig {
  const config = parsed(text)
  const { vars, main, durable_objects: objects, migrations } = config
  const bound = list(member(objects, 'bindings')).filter((one) => member(one, 'script_name') === undefined)
  return {
    ...(typeof main === 'string' && { main }),
    names: new Set([...Object.keys(Object(vars)), ...bindingNames(config)]),
    bound: bound.flatMap((one) => texts([member(one, 'class_name')])),
    migrated: new Set(
      list(migrations).flatMap((one) => [
        ...texts(list(member(one, 'new_sqlite_classes'))),
        ...texts(list(member(one, 'new_classes'))),
      ]),
    ),
  }
}

/** Comments and commas at the end are allowed in it; strings stay as they are. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  const strings = /("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  const commas = /("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g
  const keep = (_: string, string: string | undefined): string => string ?? ''
  try {
    return Object(JSON.parse(text.replace(strings, keep).replace(commas, keep))) as Readonly<Record<string, unknown>>
  } catch {
    throw misuse('--worker is not the JSON that wrangler reads.')
  }
}

/** Each kind of binding calls its name `binding`, but for Durable Objects, which say `name`. */
function bindingNames(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = texts([
    member(value, 'binding'),
    member(value, 'class_name') === undefined ? undefined : member(value, 'name'),
  ])
  return [...own, ...Object.values(value).flatMap(bindingNames)]
}

function fromToml(text: string): WorkerConfig {
  const all = (pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, found = '']) => found)
  const [main] = all(/^\s*main\s*=\s*"([^"]+)"/gm)
  const vars = all(/^\[vars\]\s*\n((?:(?!\[).*\n?)*)/gm).flatMap((block) => [...block.matchAll(/^\s*(\w+)\s*=/gm)])
  return {
    ...(main !== undefined && { main }),
    names: new Set([...all(/\b(?:binding|name)\s*=\s*"([^"]+)"/g), ...vars.map(([, name = '']) => name)]),
    bound: all(/\bclass_name\s*=\s*"([^"]+)"/g),
    migrated: new Set(all(/\bnew_(?:sqlite_)?classes\s*=\s*\[([^\]]*)\]/g).flatMap((one) => one.match(/\w+/g) ?? [])),
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function texts(values: readonly unknown[]): readonly string[] {
  return values.filter((value) => typeof value === 'string')
}
