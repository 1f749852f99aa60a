import { randomBytes } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import process from 'node:process'
import { errnoOf } from './fs-failure.node.ts'

/** Who holds a lock, told so that another process on the same machine can see whether they still live. */
export interface LockOwner {
  readonly pid: number
  /** When the process began, in the kernel's own count: defeats a process id that was given again. */
  readonly started: string
  /** Where the process id means something: one boot of one kernel and one process namespace. */
  readonly place: string
  /** For people. */
  readonly host: string
  /** One acquisition. */
  readonly nonce: string
  /** The holder has finished and is about to take the lock away. */
  readonly releasing?: true
}

let here: Promise<Omit<LockOwner, 'nonce'>> | undefined

/** Names this process as the owner of one more lock. */
export async function newLockOwner(): Promise<LockOwner> {
  here ??= describe()
  return { ...(await here), nonce: nonce() }
}

/** Whether the owner is certainly dead. What cannot be known from here counts as alive. */
export async function isGone(owner: LockOwner): Promise<boolean> {
  const { place } = await (here ??= describe())
  if (owner.place !== place) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return true
  }
  if (owner.started === '') return false
  const process_ = await processState(owner.pid)
  // A zombie runs nothing any more; in a container nobody may ever bury it.
  return process_ !== undefined && (process_.started !== owner.started || /[ZX]/.test(process_.state))
}

/** Reads what a lock's owner left, which may be anything. */
export function parseLockOwner(text: string): LockOwner | undefined {
  try {
    const owner: unknown = JSON.parse(text)
    return isLockOwner(owner) ? owner : undefined
  } catch {
    return undefined
  }
}

function isLockOwner(value: unknown): value is LockOwner {
  if (typeof value !== 'object' || value === null) return false
  const { pid, started, place, host, nonce } = value as Partial<Record<string, unknown>>
  return (
    Number.isSafeInteger(pid) &&
    Number(pid) > 0 &&
    [started, place, host, nonce].every((text) => typeof text === 'string')
  )
}

async function describe(): Promise<Omit<LockOwner, 'nonce'>> {
  const { pid } = process
  const [state, boot, namespace] = await Promise.all([
    processState(pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined),
    readlink('/proc/self/ns/pid').catch(() => undefined),
  ])
  const host = hostName()
  const place =
    boot === undefined || namespace === undefined ? `host ${host ?? nonce()}` : `${boot.trim()} ${namespace}`
  return { pid, started: state?.started ?? '', place, host: host ?? 'this machine' }
}

function nonce(): string {
  return randomBytes(12).toString('hex')
}

/** Deno may not tell. */
function hostName(): string | undefined {
  try {
    return hostname()
  } catch {
    return undefined
  }
}

/** Linux only; elsewhere, and without permission, `undefined`. */
async function processState(pid: number): Promise<{ readonly state: string; readonly started: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets and may hold anything, brackets too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return state === undefined || started === undefined ? undefined : { state, started }
  } catch {
    return undefined
  }
}
