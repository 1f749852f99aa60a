import { writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileStore } from '../../src/stores/file.node.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'file-store-'))
  path = join(directory, 'auth.json')
})

afterEach(() => rm(directory, { recursive: true, force: true }))

const entry = (name: string): object => ({ type: 'oauth', refresh: `r-${name}`, access: `a-${name}`, expires: 1 })
const tokens = { accessToken: 'ours', tokenType: 'Bearer', refreshToken: 'ours' } as const

describe('a file store beside a program that takes no lock', () => {
  it('asks again about what that has written meanwhile, and does not write over it', async () => {
    lay({ slot: entry('old') })
    const seen: (string | undefined)[] = []
    const written = await fileStore({ path }).update('slot', (current) => {
      seen.push(current?.tokens.refreshToken)
      if (seen.length === 1) writeFileSync(path, JSON.stringify({ slot: entry('new'), other: entry('other') }))
      return current?.tokens.refreshToken === 'r-old' ? { tokens } : current
    })
    expect(seen).toEqual(['r-old', 'r-new'])
    expect(written?.tokens.refreshToken).toBe('r-new')
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ slot: entry('new'), other: entry('other') })
  })

  it('writes in the end when that never pauses', async () => {
    lay({})
    let times = 0
    await fileStore({ path }).update('slot', () => {
      times += 1
      writeFileSync(path, JSON.stringify({ times }))
      return { tokens }
    })
    expect(times).toBeLessThan(10)
    expect(JSON.parse(await readFile(path, 'utf8')).slot.refresh).toBe('ours')
  })
})

function lay(auth: object): void {
  writeFileSync(path, JSON.stringify(auth), { mode: 0o600 })
}
