import { ifPossible } from '../stores/fs-failure.node.ts'
import { resolveTarget } from '../stores/resolve-target.node.ts'

/** Whether two paths lead to one file, which need not exist. What leads nowhere is told by who uses it. */
export function isSameFile(one: string, other: string): boolean {
  return ifPossible(() => resolveTarget(one) === resolveTarget(other)) === true
}
