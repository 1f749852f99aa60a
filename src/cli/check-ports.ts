import { readdir, readFile, readlink } from 'node:fs/promises'
import { isOAuthError } from '../errors.ts'
import { startCallbackServer } from '../node/index.ts'
import type { CallbackServerOptions } from '../node/index.ts'
import type { Finding } from './finding.ts'

type Host = NonNullable<CallbackServerOptions['host']>

/** Whether one of the ports to which the answer may come back is free; else who has them. */
export async function checkPorts(ports: readonly number[], host: Host): Promise<readonly Finding[]> {
  const fixed = ports.filter((port) => port !== 0)
  if (fixed.length === 0 || fixed.length < ports.length) return []
  if (await someFree(host, fixed)) return []
  const owners = await Promise.all(
    fixed.map(async (port) => `${port} by ${(await ownerOf(port)) ?? 'another program'}`),
  )
  return [{ fix: 'port_in_use', what: `No callback port is free: ${owners.join(', ')}.` }]
}

/** As a sign-in finds one: of `localhost`, both families must be free. */
async function someFree(host: Host, ports: readonly number[]): Promise<boolean> {
  try {
    const server = await startCallbackServer({ host, ports, path: '/', accept: () => false })
    await server.close()
    return true
  } catch (error) {
    if (isOAuthError(error) && error.code === 'port_in_use') return false
    throw error
  }
}

/** The process that listens. Linux tells it of one's own processes; elsewhere, and of others', nobody does. */
async function ownerOf(port: number): Promise<string | undefined> {
  const sockets = (await Promise.all(['tcp', 'tcp6'].map((table) => listening(table, port)))).flat()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (!(await holds(pid, sockets))) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')
    return `process ${pid} (${name.trim()})`
  }
  return undefined
}

/** The sockets that listen on a port, as the kernel numbers them. */
async function listening(table: string, port: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/))
  const open = rows.filter(([, local = '', , state]) => local.endsWith(suffix) && state === '0A')
  return open.flatMap((row) => (row[9] === undefined ? [] : [`socket:[${row[9]}]`]))
}

async function holds(pid: string, sockets: readonly string[]): Promise<boolean> {
  const names = await readdir(`/proc/${pid}/fd`).catch(() => [])
  for (const name of names) {
    const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '')
    if (sockets.includes(target)) return true
  }
  return false
}
