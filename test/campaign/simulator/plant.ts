// npm run campaign:simulator -- --plant
// Plants one fault after the other in a copy of the lifecycle, and says whether the simulator notices.

import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { campaign } from './campaign.ts'
import { plantedFaults } from './planted-faults.ts'
import type { PlantedFault } from './planted-faults.ts'
import type { Lifecycle } from './simulate.ts'

/** How the simulator fared with one fault. */
export interface Planted {
  readonly name: string
  /** After how many schedules it was noticed, if it was. */
  readonly after: number | undefined
  readonly defect: string
}

/** Runs schedules against a copy with the fault, until one fails. */
export async function plant(fault: PlantedFault, schedules: number): Promise<Planted> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-planted-'))
  try {
    await cp('src', join(folder, 'src'), { recursive: true })
    await cp('package.json', join(folder, 'package.json'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    const file = join(folder, 'src/lifecycle', fault.file)
    const source = await readFile(file, 'utf8')
    if (source.split(fault.find).length !== 2) throw new Error(`${fault.name}: the place is not there, or not alone.`)
    await writeFile(
      file,
      source.replace(fault.find, () => fault.replace),
    )
    const lifecycle = (await import(pathToFileURL(join(folder, 'src/lifecycle/session.ts')).href)) as Lifecycle
    for (let seed = 1; seed <= schedules; seed += 100) {
      const { failures } = await campaign(seed, 100, lifecycle)
      const [first] = failures
      if (first !== undefined) return { name: fault.name, after: first.seed, defect: first.defects.join('; ') }
    }
    return { name: fault.name, after: undefined, defect: '' }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Plants them all. Says how many went unnoticed. */
export async function plantAll(schedules: number): Promise<number> {
  let unnoticed = 0
  for (const fault of plantedFaults) {
    const { name, after, defect } = await plant(fault, schedules)
    if (after === undefined) unnoticed++
    console.log(after === undefined ? `NOT NOTICED  ${name}` : `${String(after).padStart(6)}  ${name}: ${defect}`)
  }
  return unnoticed
}
