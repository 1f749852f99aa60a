import { chmod, chown, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileStore } from '../../../src/stores/file.node.ts'
import type { Lab } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import type { Written } from '../rig/store-commands.ts'
import type { Case } from './case.ts'

/** Who else may read what is written, under every mask, at every instant. */
export const fileModes: Case = {
  id: 'C-19',
  async run(lab) {
    const writes = lab.size(1_000, 100)
    const rows: Row[] = []
    const modes = new Set<string>()
    for (const mask of [0o000, 0o022, 0o077]) for (const mode of await fresh(lab, mask)) modes.add(mode)
    rows.push(
      row(
        'C-19',
        '3 masks',
        'file 0600, folder 0700',
        `files and folders were ${[...modes].join(' ')}`,
        [...modes].every((mode) => mode === '600' || mode === '700'),
      ),
    )
    const seen = await sampled(lab, writes)
    rows.push(
      row(
        'C-19',
        `${writes} writes`,
        'a wide file in a 0777 folder is closed, never wider at any instant',
        `modes seen ${[...seen.modes].join(' ')} in ${seen.samples} looks`,
        seen.samples > 10 && [...seen.modes].every((mode) => mode === '600'),
      ),
    )
    rows.push(await foreignOwner(lab))
    return rows
  },
}

async function fresh(lab: Lab, mask: number): Promise<string[]> {
  const path = join(await lab.folder(), 'new/auth.json')
  const worker = await lab.worker()
  await worker.call('umask', mask)
  await worker.call<Written>('write', { path, entry: 'e', lasts: 50, pause: 1 })
  await worker.end()
  return Promise.all([path, dirname(path)].map(async (one) => ((await stat(one)).mode & 0o777).toString(8)))
}

async function sampled(lab: Lab, writes: number): Promise<{ readonly modes: Set<string>; readonly samples: number }> {
  const folder = await lab.folder()
  const path = join(folder, 'auth.json')
  await chmod(folder, 0o777)
  await writeFile(path, '{}')
  await chmod(path, 0o644)
  const store = fileStore({ path })
  const update = (token: string): Promise<unknown> =>
    store.update('e', () => ({ tokens: { accessToken: token, tokenType: 'Bearer' } }))
  await update('first')
  const modes = new Set<string>()
  let [samples, running] = [0, true]
  const sampler = (async () => {
    while (running) {
      for (const name of await readdir(folder)) {
        const stats = await lstat(join(folder, name)).catch(() => undefined)
        if (stats?.isFile() === true) modes.add((stats.mode & 0o777).toString(8))
        samples += 1
      }
      await sleep(0)
    }
  })()
  for (let index = 0; index < writes; index += 1) await update(`${index}`)
  running = false
  await sampler
  return { modes, samples }
}

/** A file of one person in a folder of all: another person's process must not take it for its own. */
async function foreignOwner(lab: Lab): Promise<Row> {
  const line = 'another person’s file is refused and left alone'
  if (process.getuid?.() !== 0) return { id: 'C-19', n: '1', line, measured: 'needs root', verdict: 'skipped' }
  const folder = join(await lab.folder(), 'all')
  await mkdir(folder)
  for (const one of [dirname(folder), folder]) await chmod(one, 0o777)
  const path = join(folder, 'auth.json')
  const text = '{"campaign":{"type":"oauth","refresh":"r","access":"a","expires":1}}'
  await writeFile(path, text)
  await chmod(path, 0o666)
  await chown(path, 1234, 1234)
  const worker = await lab.worker({ uid: 65_534 })
  const read = await worker.ask('get', path)
  const written = await worker.call<Written>('write', { path, entry: 'campaign', lasts: 20, pause: 1 })
  const untouched = (await readFile(path, 'utf8')) === text
  const codes = ['code' in read ? read.code : 'read', ...Object.keys(written.failures)]
  return row(
    'C-19',
    1,
    line,
    `${codes.join(', ')}; ${untouched ? 'untouched' : 'changed'}`,
    untouched && codes.every((code) => code === 'store_denied'),
  )
}
