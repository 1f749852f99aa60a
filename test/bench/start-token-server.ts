import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { firstChunk, spawnProgram } from '../runtimes/spawn-program.ts'

export interface TokenServer {
  readonly origin: string
  end(): Promise<void>
}

/** Starts a token endpoint that answers after `delay` milliseconds. */
export async function startTokenServer(delay = 0): Promise<TokenServer> {
  const path = fileURLToPath(new URL('token-server.ts', import.meta.url))
  const { child, end } = spawnProgram(process.execPath, [path, String(delay)], { stdio: ['ignore', 'pipe', 'inherit'] })
  if (child.stdout === null) throw new Error('The token server has no output.')
  return { origin: `http://127.0.0.1:${(await firstChunk(child.stdout)).trim()}`, end }
}
