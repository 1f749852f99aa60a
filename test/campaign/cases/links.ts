import { execFile } from 'node:child_process'
import { link, lstat, mkdir, readdir, readFile, rename, symlink, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isOAuthError } from '../../../src/errors.ts'
import { fileStore } from '../../../src/stores/file.node.ts'
import { row } from '../rig/report.ts'
import { ms } from '../rig/statistics.ts'
import type { Case } from './case.ts'

const run = promisify(execFile)
const record = { tokens: { accessToken: 'a', tokenType: 'Bearer', refreshToken: 'r' } } as const

interface Trap {
  readonly name: string
  /** Lays it, and gives what must hold afterwards. */
  lay(place: {
    readonly path: string
    readonly victim: string
    readonly folder: string
  }): Promise<() => Promise<boolean>>
  /** Whether our update must succeed. */
  readonly passes: boolean
}

const stays = (path: string, kind: 'isSymbolicLink' | 'isFIFO' | 'isDirectory') => async (): Promise<boolean> =>
  (await lstat(path))[kind]()

const traps: readonly Trap[] = [
  {
    name: 'a link',
    passes: true,
    lay: async ({ path, folder }) => (
      await writeFile(join(folder, 'real'), '{}'), await symlink('real', path), stays(path, 'isSymbolicLink')
    ),
  },
  {
    name: 'a link to nowhere',
    passes: true,
    lay: async ({ path }) => (await symlink('absent', path), stays(path, 'isSymbolicLink')),
  },
  {
    name: 'a chain of links',
    passes: true,
    lay: async ({ path, folder }) => {
      await writeFile(join(folder, 'real'), '{}')
      await symlink('real', join(folder, 'middle'))
      await symlink('middle', path)
      return async () =>
        (await stays(path, 'isSymbolicLink')()) && (await stays(join(folder, 'middle'), 'isSymbolicLink')())
    },
  },
  {
    name: 'a circle of links',
    passes: false,
    lay: async ({ path, folder }) => (
      await symlink('other', path), await symlink('auth.json', join(folder, 'other')), stays(path, 'isSymbolicLink')
    ),
  },
  { name: 'a hard link', passes: true, lay: async ({ path, victim }) => (await link(victim, path), async () => true) },
  { name: 'a pipe', passes: false, lay: async ({ path }) => (await run('mkfifo', [path]), stays(path, 'isFIFO')) },
  { name: 'a folder', passes: false, lay: async ({ path }) => (await mkdir(path), stays(path, 'isDirectory')) },
  {
    name: 'a link as lock',
    passes: false,
    lay: async ({ path, victim }) => (await symlink(victim, `${path}.lock`), stays(`${path}.lock`, 'isSymbolicLink')),
  },
  {
    name: 'a file as lock',
    passes: false,
    lay: async ({ path }) => (await writeFile(`${path}.lock`, 'x'), async () => true),
  },
]

/** The file, or its lock, is something else. */
export const links: Case = {
  id: 'C-20',
  async run(lab) {
    const bad: string[] = []
    let slowest = 0
    for (const trap of traps) {
      const folder = await lab.folder()
      const victim = join(await lab.folder(), 'victim')
      await writeFile(victim, '{}')
      const path = join(folder, 'auth.json')
      const holds = await trap.lay({ path, victim, folder })
      const store = fileStore({ path, lockTimeout: 500 })
      const began = performance.now()
      const code = await store
        .update('e', () => record)
        .then(
          () => 'written',
          (error: unknown) => (isOAuthError(error) ? error.code : `untyped ${String(error)}`),
        )
      slowest = Math.max(slowest, performance.now() - began)
      const right = trap.passes ? code === 'written' : code === 'store_denied'
      if (!right || !(await holds()) || (await readFile(victim, 'utf8')) !== '{}') bad.push(`${trap.name}: ${code}`)
    }
    return [
      row(
        'C-20',
        traps.length,
        'victim untouched, a link stays one, a pipe does not hang (≤ 1 s)',
        `${bad.length} wrong${bad.map((one) => ` (${one})`).join('')}, slowest ${ms(slowest)}`,
        bad.length === 0 && slowest <= 1_000,
      ),
    ]
  },
}

/** Somebody turns the link, and swaps the lock for a link to elsewhere, all the time. */
export const flippedLinks: Case = {
  id: 'C-21',
  async run(lab) {
    const writes = lab.size(10_000, 200)
    const folder = await lab.folder()
    const outside = await lab.folder()
    await writeFile(join(outside, 'auth.json'), '{}')
    const path = join(folder, 'auth.json')
    for (const name of ['one', 'two']) await writeFile(join(folder, name), '{}')
    await symlink('one', path)
    let [running, flips] = [true, 0]
    const flipper = (async () => {
      while (running) {
        await flip(folder, outside, flips)
        flips += 1
        await sleep(1)
      }
    })()
    const store = fileStore({ path, lockTimeout: 2_000 })
    const codes: Record<string, number> = {}
    for (let index = 0; index < writes; index += 1) {
      const code = await store
        .update('e', () => ({ tokens: { accessToken: `${index}`, tokenType: 'Bearer' } }))
        .then(
          () => 'written',
          (error: unknown) => (isOAuthError(error) ? error.code : `untyped ${String(error)}`),
        )
      codes[code] = (codes[code] ?? 0) + 1
    }
    running = false
    await flipper
    const names = await readdir(outside)
    const untouched = names.length === 1 && (await readFile(join(outside, 'auth.json'), 'utf8')) === '{}'
    const untyped = Object.keys(codes).filter((code) => code.startsWith('untyped'))
    return [
      row(
        'C-21',
        writes,
        '0 writes outside the folder, 0 untyped errors',
        `${flips} flips, ${summary(codes)}; outside ${untouched ? 'untouched' : names.join(' ')}`,
        untouched && untyped.length === 0 && (codes['written'] ?? 0) > 0,
      ),
    ]
  },
}

/** The name of the file leads to one and to the other; now and then the lock leads outside for an instant. */
async function flip(folder: string, outside: string, turn: number): Promise<void> {
  const temporary = join(folder, 'flip')
  await symlink(turn % 2 === 0 ? 'two' : 'one', temporary)
  await rename(temporary, join(folder, 'auth.json'))
  if (turn % 20 !== 0) return
  for (const name of ['one', 'two']) {
    await symlink(outside, temporary)
    // Only a lock that is free can be swapped: a folder gives way to no link.
    await rename(temporary, join(folder, `${name}.lock`)).catch(() => unlink(temporary))
    await unlink(join(folder, `${name}.lock`)).catch(() => undefined)
  }
}

function summary(codes: Readonly<Record<string, number>>): string {
  return Object.entries(codes)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ')
}
