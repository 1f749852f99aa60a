import { spawn } from 'node:child_process'
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('./file-store-process.ts', import.meta.url))
const text = '{"slot":{"type":"oauth","refresh":"r","access":"a","expires":1}}'

/** Nothing is denied to root, so that root lets somebody else try. */
const root = process.geteuid?.() === 0
const user = root ? 65_534 : process.geteuid?.()

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  path = join(directory, 'auth.json')
  await writeFile(path, text, { mode: 0o600 })
  await give(directory)
  await give(path)
})

afterEach(async () => {
  await chmod(directory, 0o700)
  await rm(directory, { recursive: true, force: true })
})

describe('a file store that may write', () => {
  it('makes a file and directories for the owner alone, whatever the umask', async () => {
    const made = join(directory, 'a/b/auth.json')
    for (const umask of ['000', '022', '077']) {
      expect(await attempt(`umask ${umask}; exec "$@"`, made)).toEqual({ get: 'done', update: 'done', lock: 'done' })
      const modes = [made, join(directory, 'a/b'), join(directory, 'a')].map(
        async (file) => (await stat(file)).mode & 0o777,
      )
      expect(await Promise.all(modes)).toEqual([0o600, 0o700, 0o700])
      await rm(join(directory, 'a'), { recursive: true })
    }
  })
})

describe('a file store that may not write', () => {
  it('reads in a directory that is read-only, and refuses to write before anything else happens', async () => {
    await chmod(directory, 0o500)
    expect(await attempt()).toEqual({ get: 'done', update: 'store_denied', lock: 'store_denied' })
    await expectUntouched()
  })

  it('does not replace a file that was made read-only', async () => {
    await chmod(path, 0o400)
    expect(await attempt()).toEqual({ get: 'done', update: 'store_denied', lock: 'store_denied' })
    await expectUntouched()
  })

  it('says so of a file that it may not read', async () => {
    await chmod(path, 0)
    expect(await attempt()).toEqual({ get: 'store_denied', update: 'store_denied', lock: 'store_denied' })
    await chmod(path, 0o600)
    await expectUntouched()
  })

  it('leaves the old file when the new one cannot be written to its end', async () => {
    // No program that this shell starts may write a byte to a file.
    expect(await attempt('trap "" XFSZ; ulimit -f 0; exec "$@"')).toEqual({
      get: 'done',
      update: 'persist_failed',
      lock: 'persist_failed',
    })
    await expectUntouched()
  })
})

describe.runIf(root)('a file store of several users', () => {
  it('does not trust a file of another user', async () => {
    await chmod(path, 0o666)
    await chown(path, 12_345, 12_345)
    expect(await attempt()).toEqual({ get: 'store_denied', update: 'store_denied', lock: 'store_denied' })
    await expectUntouched()
  })

  it('writes all the same where it may, as root for another user, and the file stays theirs', async () => {
    expect(await attempt('exec "$@"', path, 0)).toEqual({ get: 'done', update: 'done', lock: 'done' })
    expect(await attempt()).toEqual({ get: 'done', update: 'done', lock: 'done' })
    expect(JSON.parse(await readFile(path, 'utf8')).slot.expires).toBe(5)
  })
})

const whereAsked = 'Deno' in globalThis ? describe : undefined
whereAsked?.('a file store under Deno', () => {
  it('needs no more than to read the program and to read and write beside the file', async () => {
    const program = fileURLToPath(new URL('../..', import.meta.url))
    const allowed = ['--no-prompt', `--allow-read=${program},${directory}`, `--allow-write=${directory}`]
    for (const time of ['first', 'second']) {
      expect([time, await attempt('exec "$@"', path, user, allowed)]).toEqual([
        time,
        { get: 'done', update: 'done', lock: 'done' },
      ])
    }
    expect(await attempt('exec "$@"', path, user, allowed.slice(0, 2))).toEqual({
      get: 'done',
      update: 'store_denied',
      lock: 'store_denied',
    })
  })
})

/** Lets a process, as `uid`, try everything under a shell command. */
async function attempt(shell = 'exec "$@"', file = path, uid = user, permissions = ['-A']): Promise<unknown> {
  const deno = 'Deno' in globalThis ? ['run', ...permissions, '--no-lock', '--node-modules-dir=manual'] : []
  const job = JSON.stringify({ kind: 'try', path: file })
  const arguments_ = ['-c', shell, 'sh', process.execPath, ...deno, script, job]
  const child = spawn('sh', arguments_, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  let output = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
  })
  await new Promise((resolve) => {
    child.once('close', resolve)
  })
  return JSON.parse(output)
}

async function expectUntouched(): Promise<void> {
  expect(await readFile(path, 'utf8')).toBe(text)
  expect(await readdir(directory)).toEqual(['auth.json'])
}

async function give(file: string): Promise<void> {
  if (root) await chown(file, 65_534, 65_534)
}
