import { join, resolve } from 'node:path'
import { readEntries } from '../entries.ts'
import { type Checker, type Compiler, loadCompiler, type Name, type Node, type TextPart } from './compiler.ts'

/** What one subpath of the package gives to those who import it. */
export interface Subpath {
  /** `'latchkey/core'`. */
  readonly name: string
  /** The comment at the head of the file. */
  readonly about: string
  readonly names: readonly ApiName[]
  /** Types that the declarations speak of and that no subpath exports. */
  readonly behind: readonly ApiName[]
}

/** One exported name. */
export interface ApiName {
  readonly name: string
  /** The same for every subpath that exports it. */
  readonly identity: string
  readonly callable: boolean
  /** The declaration without comments. */
  readonly bare: string
  /** The declaration with the comments of its members. */
  readonly declaration: string
  readonly text: string
  readonly examples: readonly string[]
  /** Links of `@see`. */
  readonly sources: readonly string[]
}

/** Reads the declarations of an unpacked package. */
export function readApi(contents: string): readonly Subpath[] {
  const compiler = loadCompiler()
  const entries = readEntries().map(({ subpath, types }) => ({ subpath, file: join(contents, types) }))
  const program = compiler.createProgram(
    entries.map(({ file }) => file),
    {
      target: compiler.ScriptTarget.ES2022,
      module: compiler.ModuleKind.NodeNext,
      moduleResolution: compiler.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      types: ['node'],
      typeRoots: [resolve('node_modules/@types')],
      strict: true,
      noEmit: true,
    },
  )
  const house: House = { compiler, checker: program.getTypeChecker(), contents }
  const read = entries.map(({ subpath, file }) => {
    const source = program.getSourceFile(file)
    const symbol = source && house.checker.getSymbolAtLocation(source)
    if (source === undefined || symbol === undefined) throw new Error(`${file} exports nothing.`)
    const names = house.checker.getExportsOfModule(symbol).map((name) => ({ name: name.name, at: origin(house, name) }))
    return { name: `latchkey${subpath.slice(1)}`, about: moduleComment(source.text), names }
  })
  const exported = new Set(read.flatMap(({ names }) => names.map(({ at }) => identityOf(house, at))))
  return read.map(({ name, about, names }) => ({
    name,
    about,
    names: names.map((given) => describe(house, given.at, given.name)).toSorted(byName),
    behind: behind(
      house,
      names.map(({ at }) => at),
      exported,
    ),
  }))
}

interface House {
  readonly compiler: Compiler
  readonly checker: Checker
  readonly contents: string
}

const byName = (a: ApiName, b: ApiName): number => (a.name < b.name ? -1 : 1)

function origin({ compiler, checker }: House, name: Name): Name {
  return (name.flags & compiler.SymbolFlags.Alias) === 0 ? name : checker.getAliasedSymbol(name)
}

function identityOf({ contents }: House, { name, declarations }: Name): string {
  const file = declarations?.[0]?.getSourceFile().fileName ?? ''
  return `${file.replace(contents, '')}#${name}`
}

function describe(house: House, symbol: Name, name: string): ApiName {
  const { checker } = house
  const tags = symbol.getJsDocTags(checker)
  const tagged = (wanted: string): readonly string[] =>
    tags.filter((tag) => tag.name === wanted).map((tag) => plain(tag.text ?? []))
  const declarations = statements(house, symbol)
  const isClass = declarations.some(({ kind }) => kind === house.compiler.SyntaxKind.ClassDeclaration)
  return {
    name,
    identity: identityOf(house, symbol),
    callable: !isClass && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0,
    bare: declarations.map((node) => printed(house, node)).join('\n'),
    declaration: declarations.map((node) => tidy(node.getText())).join('\n'),
    text: plain(symbol.getDocumentationComment(checker)),
    examples: tagged('example'),
    sources: tagged('see'),
  }
}

/** A variable is declared by the statement around it. */
function statements({ compiler }: House, { declarations = [] }: Name): readonly Node[] {
  const isVariable = ({ kind }: Node): boolean => kind === compiler.SyntaxKind.VariableDeclaration
  return declarations.map((node) => (isVariable(node) ? node.parent.parent : node))
}

function printed({ compiler }: House, node: Node): string {
  return tidy(compiler.createPrinter({ removeComments: true }).printNode(4, node, node.getSourceFile()))
}

function tidy(code: string): string {
  return code
    .replaceAll(/^ +/gm, (spaces) => ' '.repeat(spaces.length >> 1) + (spaces.length % 2 === 0 ? '' : ' '))
    .replace(/^export (declare )?/, '')
    .replaceAll(/;$/gm, '')
}

function behind(house: House, roots: readonly Name[], exported: ReadonlySet<string>): readonly ApiName[] {
  const { compiler, checker, contents } = house
  const found = new Map<string, Name>()
  const top = (symbol: Name): boolean =>
    statements(house, symbol).some(({ parent }) => parent?.kind === compiler.SyntaxKind.SourceFile)
  const visit = (node: Node): void => {
    compiler.forEachChild(node, visit)
    const seen = node.kind === compiler.SyntaxKind.Identifier ? checker.getSymbolAtLocation(node) : undefined
    const symbol = seen && origin(house, seen)
    const file = symbol?.declarations?.[0]?.getSourceFile().fileName
    if (symbol === undefined || file?.startsWith(`${contents}/dist/`) !== true || !top(symbol)) return
    const identity = identityOf(house, symbol)
    if (exported.has(identity) || found.has(identity)) return
    found.set(identity, symbol)
    for (const statement of statements(house, symbol)) visit(statement)
  }
  for (const root of roots) for (const statement of statements(house, root)) visit(statement)
  return [...found.values()].map((symbol) => describe(house, symbol, symbol.name)).toSorted(byName)
}

function moduleComment(text: string): string {
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)@module/.exec(text)?.[1] ?? ''
  return comment.replaceAll(/^\s*\* ?/gm, '').trim()
}

function plain(parts: readonly TextPart[]): string {
  const text = parts.map((part) => part.text).join('')
  return text.replaceAll(/\{@link\s+(\S+?)(?:[\s|]+([^}]+))?\}/g, (_, target: string, label?: string) =>
    target.startsWith('http') ? `[${label ?? target}](${target})` : `\`${label ?? target}\``,
  )
}
