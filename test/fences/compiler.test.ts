import { spawnSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freshFolder } from '../runtimes/fresh-folder.ts'

// The fence: what a room's compiler must refuse. Each is planted in a copy of the house.
const plants = {
  'core/window.ts': ['export const width: number = window.innerWidth', "Cannot find name 'window'"],
  'core/document.ts': ['export const title: string = document.title', "Cannot find name 'document'"],
  'core/process.ts': ['export const path: unknown = process.env', "Cannot find name 'process'"],
  'core/buffer.ts': ["export const bytes: Uint8Array = Buffer.from('')", "Cannot find name 'Buffer'"],
  'core/node-module.ts': ["export { readFileSync } from 'node:fs'", "'node:fs'"],
  'core/node-file.ts': ["export * from '../stores/bare.node.ts'", 'is not listed within the file list of project'],
  'core/dom-file.ts': ["export * from '../stores/bare.dom.ts'", 'is not listed within the file list of project'],
  'core/inferred.ts': ['export const add = (a: number, b: number) => a + b', 'TS9013'],
  'core/enum.ts': ['export enum Colour { Red }', 'TS1294'],
  'core/type-as-value.ts': ["export { Clean } from './clean.ts'", 'TS1205'],
  'core/unchecked-index.ts': ['export const first = (list: string[]): string => list[0]', 'TS2322'],
  'core/undefined-property.ts': ['export const held: { a?: string } = { a: undefined }', 'TS2375'],
  'core/newer-than-node-20.ts': ['export const set: unknown = Promise.withResolvers()', "Property 'withResolvers'"],
  'browser/process.ts': ['export const path: unknown = process.env', "Cannot find name 'process'"],
  'stores/web.dom.ts': ["export { readFileSync } from 'node:fs'", "'node:fs'"],
  'node/document.ts': ['export const title: string = document.title', "Cannot find name 'document'"],
  'stores/disk.node.ts': ['export const width: number = window.innerWidth', "Cannot find name 'window'"],
} as const

// And what it must accept, or the refusals above would prove nothing.
const clean = {
  'core/clean.ts':
    'export interface Clean { readonly url: URL }\nexport const random: () => string = () => crypto.randomUUID()',
  'stores/bare.dom.ts': 'export const one: number = 1',
  'stores/bare.node.ts': 'export const one: number = 1',
  'stores/clean.dom.ts': "export const title = (): string => document.title\nexport * from '../core/clean.ts'",
  'stores/clean.node.ts': "export { readFileSync } from 'node:fs'\nexport * from '../core/clean.ts'",
}

const house = freshFolder()
let complaints: readonly string[]

beforeAll(() => {
  for (const config of globSync('src/tsconfig*.json'))
    place(config.slice('src/'.length), (to) => copyFileSync(config, to))
  for (const [file, text] of Object.entries(clean)) place(file, (to) => writeFileSync(to, text))
  for (const [file, [text]] of Object.entries(plants)) place(file, (to) => writeFileSync(to, text))
  copyFileSync('package.json', join(house.path, 'package.json'))
  symlinkSync(resolve('node_modules'), join(house.path, 'node_modules'))
  const tsc = spawnSync(
    process.execPath,
    [resolve('node_modules/typescript/bin/tsc'), '-b', 'src', '--pretty', 'false'],
    {
      cwd: house.path,
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  complaints = tsc.stdout.split('\n')
}, 60_000)

afterAll(() => house.remove())

function place(file: string, put: (path: string) => void): void {
  const path = join(house.path, 'src', file)
  mkdirSync(dirname(path), { recursive: true })
  put(path)
}

const about = (file: string): string => complaints.filter((line) => line.startsWith(`src/${file}(`)).join('\n')

describe('the compiler', () => {
  it.each(Object.entries(plants))('refuses %s', (file, [, complaint]) => {
    expect(about(file)).toContain(complaint)
  })

  it.each(Object.keys(clean))('accepts %s', (file) => {
    expect(about(file)).toBe('')
  })
})
