import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { freshFolder } from '../runtimes/fresh-folder.ts'

/** What `npm pack` makes of the checkout. */
export interface Packed {
  readonly tarball: string
  /** The folder into which the tarball was unpacked: what an installation holds. */
  readonly contents: string
  /** The checkout's package.json after packing. */
  readonly manifestAfterwards: string
  remove(): void
}

// What npm reads when it packs. node_modules is linked, not copied.
const needed = ['package.json', '.npmrc', '.ci', '.toolchain', 'src', 'README.md', 'LICENSE', 'CHANGELOG.md']

/** Packs a copy of the checkout, because packing rewrites package.json for a moment. */
export function pack(): Packed {
  const folder = freshFolder()
  const copy = join(folder.path, 'copy')
  mkdirSync(copy)
  for (const name of needed) if (existsSync(name)) cpSync(name, join(copy, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  execFileSync('npm', ['pack', '--pack-destination', folder.path], { cwd: copy, stdio: 'pipe', timeout: 120_000 })
  const [name] = readdirSync(folder.path).filter((file) => file.endsWith('.tgz'))
  if (name === undefined) throw new Error('npm pack made no tarball.')
  const tarball = join(folder.path, name)
  execFileSync('tar', ['-xzf', tarball, '-C', folder.path])
  const manifestAfterwards = readFileSync(join(copy, 'package.json'), 'utf8')
  return { tarball, manifestAfterwards, contents: join(folder.path, 'package'), remove: folder.remove }
}
