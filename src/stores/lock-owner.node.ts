import { createHash } from 'node:crypto'
import fs from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { errnoOf, ifPossible } from './fs-failure.node.ts'

/** Who holds a lock, told so that another process on the same machine can see whether they still live. */
export interface LockOwner {
  readonly pid: number
  /** When the process began, in the kernel's own count: defeats a process id that was given again. */
  readonly started: string
  /** Where the process id means something: one boot of one kernel and one process namespace. A hash. */
  readonly place: string
  /** For people. The beginning of a long name. */
  readonly host: string
}

/** Of a host's name. With it an owner's text is shorter than the 60 bytes that file systems keep in the inode of a link. */
const longestHost = 20

let here: LockOwner | undefined

/** Names this process. */
export function newLockOwner(): LockOwner {
  return (here ??= describe())
}

/** Whether the owner is certainly dead. What cannot be known from here counts as alive. */
export function isGone(owner: LockOwner): boolean {
  if (owner.place !== newLockOwner().place) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return true
  }
  if (owner.started === '') return false
  const process_ = processState(owner.pid)
  // A zombie runs nothing any more; in a container nobody may ever bury it.
  return process_ !== undefined && (process_.started !== owner.started || /[ZX]/.test(process_.state))
}

/** How a lock tells its owner. */
export function lockOwnerText({ pid, started, place, host }: LockOwner): string {
  return `${pid} ${started} ${place} ${host}`
}

/** Reads what a lock's owner left, which may be anything. */
export function parseLockOwner(text: string): LockOwner | undefined {
  const [id, started = '', place = '', host] = text.split(' ')
  const pid = Number(id)
  return host !== undefined && pid > 0 ? { pid, started, place, host } : undefined
}

function describe(): LockOwner {
  const { pid } = process
  const boot = ifPossible(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = ifPossible(() => fs.readlinkSync('/proc/self/ns/pid'))
  const host = ifPossible(hostname)
  const place =
    boot === undefined || namespace === undefined ? `host ${host ?? crypto.randomUUID()}` : `${boot} ${namespace}`
  return {
    pid,
    started: processState(pid)?.started ?? '',
    place: createHash('sha256').update(place).digest('base64url').slice(0, 16),
    host: (host ?? 'localhost').slice(0, longestHost),
  }
}

/** Linux only; elsewhere, and without Deno's permission, `undefined`. */
function processState(pid: number): { readonly state: string; readonly started: string } | undefined {
  const stat = ifPossible(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The second field is the program's name in brackets and may hold anything, brackets too.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields?.[0], fields?.[19]]
  return state === undefined || started === undefined ? undefined : { state, started }
}
