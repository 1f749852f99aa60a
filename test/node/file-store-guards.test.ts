import fs, { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoredRecord } from '../../src/contracts.ts'
import { fileStore } from '../../src/stores/file.node.ts'
import { isGone, newLockOwner } from '../../src/stores/lock-owner.node.ts'

const record: StoredRecord = { tokens: { accessToken: 'new-token', tokenType: 'Bearer' } }

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  path = join(directory, 'auth.json')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

describe('a file that is replaced', () => {
  it('is on the disk, complete, before it takes the name of the old one', async () => {
    await writeFile(path, '{}')
    const flushed: string[][] = []
    const restore = whenFlushed(() => {
      const names = readdirSync(directory).filter((name) => /^auth\.json(\.[0-9a-f]{16}\.tmp)?$/.test(name))
      const texts = names.sort().map((name) => readFileSync(join(directory, name), 'utf8'))
      flushed.push(texts.map((text) => (text.includes('new-token') ? 'new' : text)))
    })
    try {
      await fileStore({ path }).update('slot', () => record)
    } finally {
      restore()
    }
    // Then the directory, so that the name lasts too.
    expect(flushed).toEqual([['{}', 'new'], ['new']])
  })
})

describe('the owner of a lock', () => {
  it('is alive while it is this very process', async () => {
    expect(await isGone(await newLockOwner())).toBe(false)
  })

  it.skipIf(process.platform !== 'linux')('is dead when another process has its number now', async () => {
    const owner = await newLockOwner()
    expect(await isGone({ ...owner, started: `${Number(owner.started) - 1}` })).toBe(true)
  })

  it('is not judged by its number when that was given elsewhere', async () => {
    const owner = await newLockOwner()
    const nobody = 2 ** 22 + 1
    expect(await isGone({ ...owner, pid: nobody })).toBe(true)
    expect(await isGone({ ...owner, pid: nobody, place: 'another machine' })).toBe(false)
  })
})

/** Calls `look` whenever a file was flushed, until it is told to stop. */
function whenFlushed(look: () => void): () => void {
  const { fsync } = fs
  const flush = (descriptor: number, done: fs.NoParamCallback): void =>
    fsync(descriptor, (error) => {
      look()
      done(error)
    })
  fs.fsync = Object.assign(flush, { __promisify__: fsync.__promisify__ })
  return () => {
    fs.fsync = fsync
  }
}
