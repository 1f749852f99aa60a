import type { TestProject } from 'vitest/node'
import type { World } from './context.ts'

/** The variable through which `run.ts` hands one world to the runs of all runtimes. */
export const worldVariable = 'LATCHKEY_TEST_WORLD'

export async function setup(project: TestProject): Promise<void> {
  const given = process.env[worldVariable]
  if (given === undefined) {
    const { startWorld } = await import('./start-world.ts')
    const started = await startWorld()
    close = started.close
    project.provide('world', started.world)
  } else project.provide('world', JSON.parse(given) as World)
}

export async function teardown(): Promise<void> {
  await close?.()
}

let close: (() => Promise<void>) | undefined
