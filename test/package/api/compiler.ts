import { createRequire } from 'node:module'
import { resolve } from 'node:path'

/** The part of TypeScript 6 that we use. TypeScript 7 has no interface for programs. */
export interface Compiler {
  createProgram(files: readonly string[], options: object): Program
  createPrinter(options: object): { printNode(hint: number, node: Node, file: SourceFile): string }
  forEachChild(node: Node, visit: (child: Node) => void): void
  readonly SymbolFlags: { readonly Alias: number }
  readonly SyntaxKind: Readonly<Record<KindName, number>>
  readonly ModuleKind: { readonly NodeNext: number }
  readonly ModuleResolutionKind: { readonly NodeNext: number }
  readonly ScriptTarget: { readonly ES2022: number }
}

export type KindName =
  | 'Identifier'
  | 'SourceFile'
  | 'VariableDeclaration'
  | 'FunctionDeclaration'
  | 'ClassDeclaration'
  | 'InterfaceDeclaration'
  | 'TypeAliasDeclaration'

export interface Program {
  getTypeChecker(): Checker
  getSourceFile(path: string): SourceFile | undefined
}

export interface Checker {
  getSymbolAtLocation(node: Node): Name | undefined
  getAliasedSymbol(name: Name): Name
  getExportsOfModule(file: Name): readonly Name[]
  getTypeOfSymbol(name: Name): { getCallSignatures(): readonly unknown[] }
}

export interface Node {
  readonly kind: number
  readonly parent: Node
  getSourceFile(): SourceFile
  getText(): string
}

export interface SourceFile extends Node {
  readonly fileName: string
  readonly text: string
}

/** What the compiler calls a symbol. */
export interface Name {
  readonly name: string
  readonly flags: number
  readonly declarations?: readonly Node[]
  getDocumentationComment(checker: Checker): readonly TextPart[]
  getJsDocTags(checker: Checker): readonly { readonly name: string; readonly text?: readonly TextPart[] }[]
}

export interface TextPart {
  readonly text: string
}

/** The compiler that test/package/consumers holds. */
export function loadCompiler(): Compiler {
  return createRequire(resolve('test/package/consumers/package.json'))('typescript-6.0') as Compiler
}
