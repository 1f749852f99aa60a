import { resolveTarget } from '../stores/resolve-target.node.ts'

/** Whether two paths lead to one file, which need not exist. */
export function isSameFile(one: string, other: string): boolean {
  return resolveTarget(one) === resolveTarget(other)
}
