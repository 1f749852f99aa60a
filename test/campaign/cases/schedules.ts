import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { row } from '../rig/report.ts'
import type { Case } from './case.ts'

const simulator = join(dirname(dirname(fileURLToPath(import.meta.url))), 'simulator/main.ts')

/** Sign-ins, sign-outs and refreshes in every order that a simulator can think of. */
export const schedules: Case = {
  id: 'C-43',
  async run(lab) {
    const wanted = lab.size(10_000, 1_000)
    const env = { ...process.env, LATCHKEY_SCHEDULES: String(wanted), LATCHKEY_FIRST_SEED: String(lab.seed + 1) }
    const { code, text } = await new Promise<{ code: number; text: string }>((resolve) => {
      execFile(process.execPath, [simulator], { env, timeout: 600_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : 1, text: stdout + stderr }),
      )
    })
    const [, run = '0'] = /^(\d+) schedules/m.exec(text) ?? []
    const defects = text.split('\n').filter((line) => line.startsWith('LATCHKEY_SEED='))
    for (const line of defects) console.log(`  ${line}`)
    const measured = `${run} schedules, ${defects.length} defects${code === 0 || defects.length > 0 ? '' : `: ${text.slice(-200)}`}`
    return [
      row(
        'C-43',
        wanted,
        'after a sign-out nothing of before is returned or stored',
        measured,
        code === 0 && Number(run) === wanted,
      ),
    ]
  },
}
