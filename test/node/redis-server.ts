import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Redis } from 'ioredis'
import { findProgram } from '../runtimes/find-program.ts'
import { spawnProgram } from '../runtimes/spawn-program.ts'

/** A Redis of our own. */
export interface RedisServer {
  readonly port: number
  /** Ends it with nothing said to anybody. */
  kill(): Promise<void>
  stop(): Promise<void>
}

const program = findProgram('redis-server')

/** Why these tests cannot run here; `undefined` where they can. */
export const missing: string | undefined = program === undefined ? 'skipped: redis-server is not installed' : undefined
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing)

/** Starts Redis on a loopback port, with nothing on disk. */
export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  if (program === undefined) throw new Error(missing)
  const port = await freePort()
  const directory = mkdtempSync(join(tmpdir(), 'redis-'))
  const own = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no']
  const { child, end } = spawnProgram(program, [...own, ...options])
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  await answering(port).catch(async (error: unknown) => {
    await end()
    remove()
    throw error
  })
  return {
    port,
    kill: async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await gone
    },
    stop: async () => {
      await end()
      remove()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address === 'object' && address !== null) return address.port
  throw new Error('no port is free')
}

/** Waits until Redis says anything, be it that it wants a password. */
async function answering(port: number): Promise<void> {
  const client = new Redis({ port, host: '127.0.0.1', retryStrategy: (times) => (times > 100 ? undefined : 50) })
  client.on('error', () => undefined)
  try {
    await client.ping().catch((error: unknown) => {
      if (!String(error).includes('NOAUTH')) throw error
    })
  } finally {
    client.disconnect()
  }
}
