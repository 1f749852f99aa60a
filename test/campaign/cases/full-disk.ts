import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Got } from '../rig/client-commands.ts'
import { type Lab, opened, type Server } from '../rig/lab.ts'
import { row, type Row } from '../rig/report.ts'
import { ms } from '../rig/statistics.ts'
import type { Remote, Result } from '../rig/start-process.ts'
import type { Case } from './case.ts'
import { arrived } from './stopped-holder.ts'

const hour = 3_600_000

/** The disk is full when a new token comes, and has room again later. */
export const fullDisk: Case = {
  id: 'C-22',
  async run(lab) {
    const disk = await smallDisk(lab)
    if (disk === undefined) return [noMount('C-22')]
    const { worker, server, path, folder } = disk
    await server.weather({ latency: [600, 600] })
    const refreshing = worker.ask<Got>('token', { force: true })
    await arrived(server, 1)
    const before = await worker.call<string>('read', path)
    await worker.call('fill', join(folder, 'filler'))
    const got = await refreshing
    const intact = (await worker.call<string>('read', path)) === before
    const told = worker.lines.some(({ event }) => event === 'persist-failed')
    await worker.call('remove', join(folder, 'filler'))
    const freedAt = performance.now()
    const again = await worker.ask<Got>('token')
    while ((await worker.call<string>('read', path)) === before && performance.now() < freedAt + 10_000) await sleep(10)
    const took = performance.now() - freedAt
    const saved = (await worker.call<string>('read', path)) !== before
    const shown = (await server.presentations()).length
    await worker.call('fill', join(folder, 'filler'))
    const begun = await worker.ask<Got>('token', { force: true })
    const sent = (await server.presentations()).length - shown
    const same = 'value' in got && 'value' in again && got.value.token === again.value.token
    return [
      row(
        'C-22',
        1,
        'old file intact, new token given, persist-failed told; later written without a new refresh',
        `file ${intact ? 'intact' : 'changed'}, ${codeOf(got)}, persist-failed ${told ? 'told' : 'not told'}; ` +
          `with room again ${saved ? `written after ${ms(took)}` : 'not written'}, ${same ? 'same token' : codeOf(again)}, ${shown} refresh in all; ` +
          `a refresh begun on a full disk: ${codeOf(begun)}, ${sent} sent`,
        intact &&
          told &&
          saved &&
          same &&
          shown === 1 &&
          'code' in begun &&
          begun.code === 'persist_failed' &&
          sent === 0,
      ),
    ]
  },
}

/** The folder may not be written to. */
export const readOnlyDisk: Case = {
  id: 'C-23',
  async run(lab) {
    const disk = await smallDisk(lab)
    if (disk === undefined) return [noMount('C-23')]
    const { worker, server, path, folder } = disk
    await worker.call('remount', { path: folder, how: 'ro' })
    await opened(worker, { origin: server.origin, path, worker: 'reader' })
    const valid = await worker.ask<Got>('token')
    await server.advance(2 * hour)
    await worker.call('shift', 2 * hour)
    const expired = await worker.ask<Got>('token')
    const sent = (await server.presentations()).length
    return [
      row(
        'C-23',
        2,
        'a good token is given; an expired one is a typed error before any request',
        `good: ${codeOf(valid)}; expired: ${codeOf(expired)}, ${sent} requests sent`,
        'value' in valid && 'code' in expired && expired.code === 'store_denied' && sent === 0,
      ),
    ]
  },
}

interface Disk {
  readonly worker: Remote
  readonly server: Server
  readonly folder: string
  readonly path: string
}

/** A worker with 64 KiB of disk that nobody else sees; it signed in there. */
async function smallDisk(lab: Lab): Promise<Disk | undefined> {
  const folder = join(await lab.folder(), 'disk')
  await mkdir(folder)
  const server = await lab.server()
  let worker: Remote
  try {
    worker = await lab.worker({ through: ['unshare', process.getuid?.() === 0 ? '-m' : '-rm'] })
    await worker.call('mount', { path: folder, size: '64k' })
  } catch {
    return undefined
  }
  const path = join(folder, 'auth.json')
  await opened(worker, { origin: server.origin, path, worker: 'small' })
  await worker.call('signIn')
  return { worker, server, folder, path }
}

function noMount(id: string): Row {
  return {
    id,
    n: '-',
    line: 'needs a mount namespace',
    measured: 'unshare -m is not permitted here',
    verdict: 'skipped',
  }
}

function codeOf(result: Result<Got>): string {
  return 'value' in result ? 'a token' : result.code
}
