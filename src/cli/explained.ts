import { untrustedText } from '../errors.ts'
import { explain, explainFix } from '../explain/index.ts'
import type { DoctorCode } from './finding.ts'
import { paint } from './paint.ts'
import type { World } from './world.ts'

/** An error, why it happened, and what to do, for a person. */
export function explained(error: unknown, world: World): string {
  const { bold, dim } = paint(world.err, world.env)
  const known = explain(error)
  if (known === undefined) return `latchkey: ${untrustedText(error instanceof Error ? error.message : error) ?? ''}`
  return [`latchkey: ${bold(known.what)}`, `  ${known.why}`, `  ${known.todo} ${dim(`(${known.fix})`)}`].join('\n')
}

/** The rest of what is to be said of a finding. */
export function explainedFinding(fix: DoctorCode): { readonly why: string; readonly todo: string } {
  return explainFix(fix)
}
