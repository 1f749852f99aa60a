import fs from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DirectoryLock, lockDirectory } from '../../src/stores/directory-lock.node.ts'
import { beginWait } from '../../src/stores/lock-wait.node.ts'

const { now } = Date

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-directory-'))
  path = join(directory, 'auth.json.lock')
})

afterEach(async () => {
  Date.now = now
  await rm(directory, { recursive: true, force: true })
})

describe('whoever lets go of a lock', () => {
  it('leaves it to somebody who waits, before taking it again', async () => {
    const first = await lock()
    const order: string[] = []
    const waiting = lock().then((second) => {
      order.push('who waited')
      second.release()
    })
    await sleep(60)
    first.release()
    const again = await lock()
    order.push('who had it')
    again.release()
    await waiting
    expect(order).toEqual(['who waited', 'who had it'])
    expect(await readdir(directory)).toEqual([])
  })

  it('does not pause when nobody waits', async () => {
    expect(await timesAtOnce(50)).toBe(50)
  })

  it('gives way once, and not after a time that is over', async () => {
    const first = await lock()
    await lock(20).catch(() => undefined)
    first.release()
    expect(await timesAtOnce(10)).toBe(0)
    await sleep(100)
    expect(await timesAtOnce(10)).toBe(10)
  })
})

describe('the sign that somebody waits', () => {
  it('is put on a lock that one of us holds', async () => {
    const first = await lock()
    const before = await mode()
    await lock(50).catch(() => undefined)
    expect(await mode()).not.toBe(before)
    first.release()
  })

  it('is not put on a lock of another program', async () => {
    await mkdir(path, { mode: 0o755 })
    await chmod(path, 0o755)
    await lock(50).catch(() => undefined)
    expect(await mode()).toBe(0o755)
  })
})

describe('a holder who slept', () => {
  it('leaves the lock to who took it over, just before it woke up', async () => {
    const first = await lock()
    const [claim = 'no claim'] = (await readdir(directory)).filter((name) => name.endsWith('.0'))
    const text = await readlink(join(directory, claim))
    await symlink(text, join(directory, claim.replace(/0$/, '1')))
    Date.now = () => now() + 60_000
    first.release()
    expect((await readdir(directory)).sort()).toEqual(['auth.json.lock', claim, claim.replace(/0$/, '1')].sort())
  })

  it('says so when it goes, so that nobody takes over what it takes away', async () => {
    const first = await lock()
    Date.now = () => now() + 60_000
    const { renameSync } = fs
    let claims: string[] = []
    fs.renameSync = (...names) => {
      fs.renameSync = renameSync
      claims = fs.readdirSync(directory).map((name) => name.slice(-2))
      renameSync(...names)
    }
    first.release()
    expect(claims.sort()).toEqual(['.0', '.1', 'ck'])
    expect(await readdir(directory)).toEqual([])
  })

  it('looks whether it has the lock when it slept while taking it', async () => {
    const { symlinkSync } = fs
    fs.symlinkSync = (...claim) => {
      fs.symlinkSync = symlinkSync
      symlinkSync(...claim)
      fs.renameSync(path, join(directory, 'stolen'))
      fs.mkdirSync(path)
    }
    await expect(lock(50)).rejects.toMatchObject({ code: 'lock_timeout' })
  })
})

/** How often the lock can be had and let go, one after the other, before anything happens that takes time. */
async function timesAtOnce(most: number): Promise<number> {
  let times = 0
  const all = (async () => {
    for (let time = 0; time < most; time += 1) {
      ;(await lock()).release()
      times += 1
    }
  })()
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
  const atOnce = times
  await all
  return atOnce
}

function lock(timeout = 5_000): Promise<DirectoryLock> {
  return lockDirectory(path, beginWait({ timeout }))
}

async function mode(): Promise<number> {
  return (await stat(path)).mode & 0o777
}
