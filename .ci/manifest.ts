// Before packing, `prepare` leaves in package.json what those who install the package need, and no more.
// After packing, `restore` puts the whole file back. npm runs both, as prepack and postpack.

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

const kept = '.tmp/package.json'

// A list of what stays, so that a new crutch is left out without anybody thinking of it.
const published = [
  'name',
  'version',
  'description',
  'keywords',
  'homepage',
  'bugs',
  'repository',
  'funding',
  'license',
  'author',
  'type',
  'sideEffects',
  'engines',
  'bin',
  'files',
  'exports',
  'dependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'optionalDependencies',
]

function prepare(): void {
  // What an interrupted packing left behind is put back first.
  restore()
  mkdirSync('.tmp', { recursive: true })
  copyFileSync('package.json', kept)
  const whole = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, unknown>
  const parts = Object.entries(whole).filter(([field]) => published.includes(field))
  writeFileSync('package.json', `${JSON.stringify(Object.fromEntries(parts), undefined, 2)}\n`)
}

function restore(): void {
  if (existsSync(kept)) renameSync(kept, 'package.json')
}

const task = process.argv[2]
if (task === 'prepare') prepare()
else if (task === 'restore') restore()
else throw new TypeError('Say prepare or restore.')
