import type { Lab } from '../rig/lab.ts'
import type { Row } from '../rig/report.ts'

/** One case of the campaign. */
export interface Case {
  readonly id: string
  /** It mostly waits, and may do so beside the others. */
  readonly beside?: true
  run(lab: Lab): Promise<readonly Row[]>
}
