import { createHash } from 'node:crypto'
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { isOAuthError } from '../../../src/errors.ts'
import { fileStore } from '../../../src/stores/file.node.ts'
import type { Lab } from '../rig/lab.ts'
import { row } from '../rig/report.ts'
import { ms } from '../rig/statistics.ts'
import type { Case } from './case.ts'
import { spread } from './sudden-end-at-each-call.ts'

const whole =
  '{"campaign":{"type":"oauth","refresh":"SECRET-r","access":"SECRET-a","expires":17,"note":"é"},"keep":{"type":"api_key","key":"k"}}'

/** The file is damaged in every way a crash or another program can damage it. */
export const tornFiles: Case = {
  id: 'C-18',
  async run(lab) {
    const corpus = spread(damaged(), lab.size(1_000, 40))
    const outcomes = []
    for (let start = 0; start < corpus.length; start += 20) {
      outcomes.push(...(await Promise.all(corpus.slice(start, start + 20).map((bytes) => attempt(lab, bytes)))))
    }
    const before = process.memoryUsage().rss
    const huge = await attempt(lab, new Uint8Array(), 100 * 1024 ** 2)
    const memory = (process.memoryUsage().rss - before) / 1024 ** 2
    const all = [...outcomes, huge]
    const slowest = Math.max(...all.map(({ took }) => took))
    const untyped = all.filter(({ codes }) =>
      codes.some((code) => code !== 'store_corrupt' && code !== 'store_denied'),
    ).length
    const changed = all.filter((one) => one.changed).length
    const told = all.filter(({ leaked }) => leaked).length
    return [
      row(
        'C-18',
        `${all.length} files`,
        'typed error ≤ 1 s, ≤ 64 MB, no write, no secret in it',
        `${untyped} not refused, ${changed} changed, ${told} told a secret, slowest ${ms(slowest)}, ${Math.max(0, memory).toFixed(0)} MB`,
        untyped + changed + told === 0 && slowest <= 1_000 && memory <= 64,
      ),
    ]
  },
}

/** Not among them: nothing at all, and a byte order mark, which are files one can read. */
function damaged(): Uint8Array[] {
  const bytes = new TextEncoder().encode(whole)
  const prefixes = Array.from({ length: bytes.length - 1 }, (_, length) => bytes.slice(0, length + 1))
  const tails = Array.from({ length: 40 }, (_, length) =>
    new TextEncoder().encode(`${whole}${whole.slice(-length - 1)}`),
  )
  const zeros = [new Uint8Array(512), Uint8Array.of(...bytes.slice(0, 30), ...new Uint8Array(64))]
  const others = ['[]', 'null', '1', '"a"', `[${whole}]`, ' \n', `${whole}{}`, `\uFEFF\uFEFF${whole}`].map((text) =>
    new TextEncoder().encode(text),
  )
  const utf8 = [Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), Uint8Array.of(0xff, 0xfe, ...bytes)]
  return [...prefixes, ...tails, ...zeros, ...others, ...utf8]
}

interface Outcome {
  readonly codes: readonly string[]
  readonly took: number
  readonly changed: boolean
  readonly leaked: boolean
}

async function attempt(lab: Lab, bytes: Uint8Array, size?: number): Promise<Outcome> {
  const folder = await lab.folder()
  const path = join(folder, 'auth.json')
  await writeFile(path, bytes, { mode: 0o600 })
  if (size !== undefined) await truncate(path, size)
  const hash = await hashOf(path)
  const store = fileStore({ path })
  const codes: string[] = []
  let leaked = false
  let took = 0
  const record = { tokens: { accessToken: 'a', tokenType: 'Bearer' } } as const
  for (const deed of [() => store.get('campaign'), () => store.update('campaign', () => record)]) {
    const began = performance.now()
    const error: unknown = await deed().then(
      () => 'nothing was wrong',
      (reason: unknown) => reason,
    )
    took = Math.max(took, performance.now() - began)
    codes.push(isOAuthError(error) ? error.code : String(error))
    if (error instanceof Error && `${error.stack} ${String(error.cause)}`.includes('SECRET')) leaked = true
  }
  const changed = (await hashOf(path)) !== hash || (await readdir(folder)).length > 1
  return { codes, took, changed, leaked }
}

async function hashOf(path: string): Promise<string> {
  // To read a huge one would cost the memory that is measured.
  const { size, mtimeMs } = await stat(path)
  if (size > 1_000_000) return `${size} ${mtimeMs}`
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
