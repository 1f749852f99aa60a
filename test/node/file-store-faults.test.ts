import { execFile, spawn } from 'node:child_process'
import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoredRecord } from '../../src/contracts.ts'
import { isOAuthError } from '../../src/errors.ts'
import { fileStore } from '../../src/stores/file.node.ts'

const record: StoredRecord = {
  tokens: { accessToken: 'SECRET-at', tokenType: 'Bearer', refreshToken: 'SECRET-rt', expiresAt: 5 },
}
const entry = '{"type":"oauth","refresh":"SECRET-r","access":"SECRET-a","expires":1}'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  path = join(directory, 'auth.json')
})

afterEach(async () => {
  await chmod(directory, 0o700)
  await rm(directory, { recursive: true, force: true })
})

describe('what a file store leaves for others to see', () => {
  it('is a file closed to others when it was open to them, and never open for an instant', async () => {
    await writeFile(path, '{}', { mode: 0o644 })
    await chmod(path, 0o644)
    const store = fileStore({ path })
    await store.update('slot', () => record)
    let running = true
    const seen = new Set<number>()
    const sampler = (async () => {
      while (running) {
        for (const name of await readdir(directory)) {
          const stats = await lstat(join(directory, name)).catch(() => undefined)
          if (stats?.isFile() === true) seen.add(stats.mode & 0o777)
        }
        await sleep(0)
      }
    })()
    for (let time = 0; time < 50; time += 1) await store.update('slot', () => tokens(`${time}`))
    running = false
    await sampler
    expect([...seen]).toEqual([0o600])
  })

  it('is no secret: not in an error, not in the name of a file', async () => {
    const shown: string[] = []
    for (const text of [
      `{"slot":${entry}`,
      `{"slot":${entry}} x`,
      `[${entry}]`,
      '{"slot":{"type":"oauth","access":["SECRET"]}}',
    ]) {
      await writeFile(path, text)
      const error: unknown = await fileStore({ path })
        .get('slot')
        .catch((reason: unknown) => reason)
      shown.push(
        `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack} ${String((error as Error).cause)}`,
      )
    }
    expect(shown).toHaveLength(4)
    expect(shown.join()).not.toContain('SECRET')
  })
})

describe('a file that cannot be understood', () => {
  const corpus: readonly [string, string | Uint8Array][] = [
    ['a prefix', `{"slot":${entry.slice(0, 40)}`],
    ['a tail of an older, longer text', `{"slot":${entry}}"expires":1}`],
    ['zeros', new Uint8Array(512)],
    ['invalid UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['an array', '[]'],
    ['white space', ' \n'],
  ]
  it.each(corpus)('is never overwritten: %s', async (_name, content) => {
    await writeFile(path, content)
    const before = await readFile(path)
    const store = fileStore({ path })
    const began = performance.now()
    await expectCode(store.get('slot'), 'store_corrupt')
    expect(performance.now() - began).toBeLessThan(2_000)
    await expectCode(store.keys(), 'store_corrupt')
    await expectCode(
      store.update('slot', () => record),
      'store_corrupt',
    )
    await expectCode(
      store.update('slot', () => undefined),
      'store_corrupt',
    )
    expect(await readFile(path)).toEqual(before)
    expect(await readdir(directory)).toEqual(['auth.json'])
  })

  it('is refused without reading it when it is huge', async () => {
    await writeFile(path, '')
    await truncate(path, 3 * 1024 ** 3)
    const began = performance.now()
    await expectCode(fileStore({ path }).get('slot'), 'store_corrupt')
    expect(performance.now() - began).toBeLessThan(1_000)
  })

  it('is read again when another program was only just writing it', async () => {
    await writeFile(path, '')
    const reading = fileStore({ path }).get('slot')
    await sleep(30)
    await writeFile(path, `{"slot":${entry.slice(0, 20)}`)
    await sleep(30)
    await writeFile(path, `{"slot":${entry}}`)
    expect((await reading)?.tokens.accessToken).toBe('SECRET-a')
  })

  it('holds nothing and may be written when it stays empty', async () => {
    await writeFile(path, '')
    expect(await fileStore({ path }).get('slot')).toBeUndefined()
    expect(await fileStore({ path }).update('slot', () => record)).toEqual(record)
  })
})

describe('a file that is not simply a file', () => {
  it('stays a link when it was one, also a chain and one to nowhere yet', async () => {
    await mkdir(join(directory, 'dotfiles'))
    const target = join(directory, 'dotfiles', 'auth.json')
    await symlink('dotfiles/middle', path)
    await symlink('auth.json', join(directory, 'dotfiles', 'middle'))
    const store = fileStore({ path })
    for (const key of ['created', 'replaced']) await store.update(key, () => record)
    expect(await readlink(path)).toBe('dotfiles/middle')
    expect(Object.keys(JSON.parse(await readFile(target, 'utf8')))).toEqual(['created', 'replaced'])
    expect(await fileStore({ path: target }).get('created')).toEqual(record)
  })

  it('is one file for stores that name it differently: they lose no update', async () => {
    const alias = join(directory, 'alias.json')
    await symlink('auth.json', alias)
    const stores = [fileStore({ path }), fileStore({ path: alias })]
    await Promise.all(Array.from({ length: 40 }, (_, index) => stores[index % 2]?.update(`${index}`, () => record)))
    expect(await stores[0]?.keys()).toHaveLength(40)
  })

  it('is refused at once when links go in a circle', async () => {
    await symlink('b', join(directory, 'a'))
    await symlink('a', join(directory, 'b'))
    await expectCode(fileStore({ path: join(directory, 'a') }).get('slot'), 'store_denied')
    await expectCode(
      fileStore({ path: join(directory, 'a') }).update('slot', () => record),
      'store_denied',
    )
  })

  it('leaves the other name of a hard link as it was', async () => {
    const other = join(directory, 'other.json')
    await writeFile(other, '{}')
    await link(other, path)
    await fileStore({ path }).update('slot', () => record)
    expect(await readFile(other, 'utf8')).toBe('{}')
  })

  it('is refused at once when it is a directory, a pipe or a device', async () => {
    const pipe = join(directory, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    const began = performance.now()
    for (const odd of [directory, pipe, '/dev/zero']) {
      await expectCode(fileStore({ path: odd }).get('slot'), 'store_denied')
    }
    await expectCode(
      fileStore({ path: pipe }).update('slot', () => record),
      'store_denied',
    )
    expect(performance.now() - began).toBeLessThan(1_000)
    expect((await lstat(pipe)).isFIFO()).toBe(true)
  })

  it('is refused at once when it was a file before', async () => {
    const pipe = join(directory, 'pipe')
    await promisify(execFile)('mkfifo', [pipe])
    const store = fileStore({ path })
    for (const odd of [directory, pipe, '/dev/zero']) {
      await writeFile(path, `{"slot":${entry}}`)
      expect((await store.get('slot'))?.tokens.accessToken).toBe('SECRET-a')
      await rm(path)
      await symlink(odd, path)
      const began = performance.now()
      await expectCode(store.get('slot'), 'store_denied')
      expect(performance.now() - began).toBeLessThan(1_000)
      await rm(path)
      expect(await store.get('slot')).toBeUndefined()
    }
  })

  it('is refused at once when its lock is a file or a link, and what the link shows to is untouched', async () => {
    const victim = join(directory, 'victim')
    await writeFile(victim, 'victim')
    for (const make of [() => writeFile(`${path}.lock`, ''), () => symlink(victim, `${path}.lock`)]) {
      await make()
      await expectCode(
        fileStore({ path }).update('slot', () => record),
        'store_denied',
      )
      await rm(`${path}.lock`)
    }
    expect(await readFile(victim, 'utf8')).toBe('victim')
  })

  it('is written where its link shows to when the lock is had, not where it showed to when the wait began', async () => {
    const [one, two] = [join(directory, 'one.json'), join(directory, 'two.json')]
    await symlink(one, path)
    await mkdir(`${one}.lock`)
    const writing = fileStore({ path }).update('slot', () => record)
    await sleep(100)
    await symlink(two, join(directory, 'next'))
    await rename(join(directory, 'next'), path)
    await rm(`${one}.lock`, { recursive: true })
    await writing
    expect((await readdir(directory)).sort()).toEqual(['auth.json', 'two.json'])
  })

  it('is written where its link shows to at that moment, nowhere else, while the link is turned round and round', async () => {
    const [one, two] = [join(directory, 'one.json'), join(directory, 'two.json')]
    await symlink(one, path)
    let running = true
    const flipper = (async () => {
      for (let turn = 0; running; turn += 1) {
        await symlink(turn % 2 === 0 ? two : one, join(directory, 'next'))
        await rename(join(directory, 'next'), path)
        await sleep(1)
      }
    })()
    const store = fileStore({ path })
    for (let time = 0; time < 30; time += 1) await store.update(`${time}`, () => record)
    running = false
    await flipper
    expect((await lstat(path)).isSymbolicLink()).toBe(true)
    const keys = [...(await fileStore({ path: one }).keys()), ...(await fileStore({ path: two }).keys())]
    expect(keys.sort()).toEqual(Array.from({ length: 30 }, (_, index) => `${index}`).sort())
    expect((await readdir(directory)).filter((name) => name.includes('.lock') || name.includes('.tmp'))).toEqual([])
  })
})

describe('what dead writers left', () => {
  it('is removed by the next one, and nothing else is', async () => {
    const strangers = [
      'auth.json.bak',
      'auth.json.0123456789abcdef.tmp.old',
      'other.json.0123456789abcdef.tmp',
      'auth.json.lock.note',
    ]
    const ours = ['auth.json.0123456789abcdef.tmp', 'auth.json.lock.abc-def.0']
    for (const name of [...strangers, ...ours]) await writeFile(join(directory, name), '')
    await mkdir(join(directory, 'auth.json.lock.abc-def.gone'))
    await fileStore({ path }).update('slot', () => record)
    expect((await readdir(directory)).sort()).toEqual([...strangers, 'auth.json'].sort())
  })

  it('is a lock that nobody had claimed yet: it does not stop us for long', async () => {
    await mkdir(`${path}.lock`, { mode: 0o500 })
    const began = performance.now()
    await fileStore({ path }).update('slot', () => record)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await readdir(directory)).toEqual(['auth.json'])
  })

  it('is no reason to take a lock that another program has just taken', async () => {
    await mkdir(`${path}.lock`)
    await expectCode(
      fileStore({ path, lockTimeout: 1_500 }).update('slot', () => record),
      'lock_timeout',
    )
    expect(await readdir(directory)).toEqual(['auth.json.lock'])
  })
})

describe('a holder who lost the lock', () => {
  it('still writes what it has, after those who have the lock now, and leaves their lock alone', async () => {
    const store = fileStore({ path })
    await store.lock(
      'slot',
      async (held) => {
        await rename(`${path}.lock`, `${path}.stolen`)
        await mkdir(`${path}.lock`)
        const writing = held.update('slot', (current) => ({ ...record, clientId: current?.clientId ?? 'nobody' }))
        await sleep(100)
        await writeFile(path, `{"slot":${entry.replace('{', '{"clientId":"other",')}}`)
        await rm(`${path}.lock`, { recursive: true })
        expect((await writing)?.clientId).toBe('other')
        await mkdir(`${path}.lock`)
      },
      { timeout: 1_000 },
    )
    expect((await stat(`${path}.lock`)).isDirectory()).toBe(true)
  })
})

describe('signs of life', () => {
  it('keep a lock that is held for long from looking dead', async () => {
    await fileStore({ path }).lock(
      'slot',
      async () => {
        const long = new Date(Date.now() - 60_000)
        await utimes(`${path}.lock`, long, long)
        await sleep(2_500)
        expect((await stat(`${path}.lock`)).mtimeMs).toBeGreaterThan(Date.now() - 2_500)
      },
      { timeout: 1_000 },
    )
  })

  it('keep no process alive', async () => {
    const url = new URL('../../src/stores/file.node.ts', import.meta.url).href
    const code = `const { fileStore } = await import(${JSON.stringify(url)})
      const store = fileStore({ path: ${JSON.stringify(path)} })
      store.watch('slot', () => undefined)
      void store.lock('slot', () => new Promise(() => undefined), { timeout: 1000 })`
    await writeFile(join(directory, 'program.mjs'), code)
    const deno = 'Deno' in globalThis ? ['run', '-A', '--no-lock', '--node-modules-dir=manual'] : []
    const child = spawn(process.execPath, [...deno, join(directory, 'program.mjs')], { stdio: 'ignore' })
    const ended = new Promise((resolve) => {
      child.once('exit', () => resolve('ended'))
    })
    expect(await Promise.race([ended, sleep(5_000, 'alive', { ref: false })])).toBe('ended')
    child.kill('SIGKILL')
  }, 10_000)
})

describe('fileStore', () => {
  it('refuses a path that is none', () => {
    expect(() => fileStore({ path: '' })).toThrow(TypeError)
    expect(() => fileStore({ path: 'a\0b' })).toThrow(TypeError)
  })

  it('reads nothing and makes nothing until it is asked', async () => {
    const store = fileStore({ path: join(directory, 'a/auth.json') })
    expect(await store.get('slot')).toBeUndefined()
    expect(await store.keys()).toEqual([])
    expect(await readdir(directory)).toEqual([])
  })

  it('does not touch a file whose text would be the same', async () => {
    const store = fileStore({ path })
    await store.update('slot', () => record)
    const before = await stat(path, { bigint: true })
    await store.update('slot', () => structuredClone(record))
    await store.update('other', () => undefined)
    expect((await stat(path, { bigint: true })).ino).toBe(before.ino)
  })
})

function tokens(accessToken: string): StoredRecord {
  return { tokens: { accessToken, tokenType: 'Bearer' } }
}

async function expectCode(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => (isOAuthError(error) ? error.code : error),
  )
  expect(outcome).toBe(code)
}
