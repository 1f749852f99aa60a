import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import process from 'node:process'
import { errnoOf } from './fs-failure.node.ts'

/** Who holds a lock, told so that another process on the same machine can see whether they still live. */
export interface LockOwner {
  readonly pid: number
  /** When the process began, in the kernel's own count: defeats a process id that was given again. */
  readonly started: string
  /** Where the process id means something: one boot of one kernel and one process namespace. A hash. */
  readonly place: string
  /** One acquisition. */
  readonly nonce: string
  /** For people. The beginning of a long name. */
  readonly host: string
}

/** Of a host's name. With it an owner's text is shorter than the 60 bytes that file systems keep in the inode of a link. */
const longestHost = 12

let here: Omit<LockOwner, 'nonce'> | undefined
/** Threads share a process id, but not this. */
let thread: string | undefined
let acquisitions = 0

/** Names this process as the owner of one more lock. */
export function newLockOwner(): LockOwner {
  here ??= describe()
  thread ??= nonce()
  acquisitions += 1
  return { ...here, nonce: `${thread}${acquisitions.toString(36)}` }
}

/** Whether the owner is certainly dead. What cannot be known from here counts as alive. */
export function isGone(owner: LockOwner): boolean {
  const { place } = (here ??= describe())
  if (owner.place !== place) return false
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
export function lockOwnerText({ pid, started, place, nonce, host }: LockOwner): string {
  return `${pid} ${started} ${place} ${nonce} ${host}`
}

/** Reads what a lock's owner left, which may be anything. */
export function parseLockOwner(text: string): LockOwner | undefined {
  const fields = /^([1-9]\d{0,14}) (\d*) ([\w-]{16}) ([\w-]+) (.*)$/s.exec(text)
  const [, pid, started, place, nonce, host] = fields ?? []
  if (started === undefined || place === undefined || nonce === undefined || host === undefined) return undefined
  return { pid: Number(pid), started, place, nonce, host }
}

function describe(): Omit<LockOwner, 'nonce'> {
  const { pid } = process
  const boot = unlessDenied(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const namespace = unlessDenied(() => readlinkSync('/proc/self/ns/pid'))
  const host = unlessDenied(hostname)
  const place = boot === undefined || namespace === undefined ? `host ${host ?? nonce()}` : `${boot} ${namespace}`
  return {
    pid,
    started: processState(pid)?.started ?? '',
    place: createHash('sha256').update(place).digest('base64url').slice(0, 16),
    host: (host ?? 'this machine').slice(0, longestHost),
  }
}

function nonce(): string {
  return randomBytes(6).toString('base64url')
}

/** Linux only; elsewhere, and without permission, `undefined`. */
function processState(pid: number): { readonly state: string; readonly started: string } | undefined {
  const stat = unlessDenied(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The second field is the program's name in brackets and may hold anything, brackets too.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields?.[0], fields?.[19]]
  return state === undefined || started === undefined ? undefined : { state, started }
}

/** Deno may not tell, and not every system has what Linux has. */
function unlessDenied<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined
  }
}
