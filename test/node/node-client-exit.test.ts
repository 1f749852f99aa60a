import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('./node-client-child.ts', import.meta.url))
const runtime = 'Deno' in globalThis ? ['run', '-A', '--node-modules-dir=manual', '--no-lock'] : []

interface Ending {
  readonly lines: readonly string[]
  readonly status: number | null
  /** From the last line to the end of the process, in milliseconds. */
  readonly lingered: number
}

/** Runs the program with an input that stays open; a line it asks for is pasted. */
function run(way: string, script: string = program): Promise<Ending> {
  const child = spawn(process.execPath, [...runtime, script, way], { stdio: ['pipe', 'pipe', 'ignore'] })
  const limit = setTimeout(() => child.kill('SIGKILL'), 15_000)
  let [text, spokeAt] = ['', 0]
  child.stdout.on('data', (chunk) => {
    text += String(chunk)
    spokeAt = performance.now()
    const line = /^paste (\S+)\n$/.exec(text)?.[1]
    if (line !== undefined) child.stdin.write(`${line}\n`)
  })
  return new Promise((resolve) => {
    child.on('exit', (status) => {
      clearTimeout(limit)
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('paste '))
      resolve({ lines, status, lingered: performance.now() - spokeAt })
    })
  })
}

describe('a program that signs in while its input stays open', () => {
  it.each([
    ['loopback', 'signed-in'],
    ['paste', 'signed-in'],
    ['abort', 'aborted'],
    ['timeout', 'timeout'],
  ])('ends by itself within 2 s (%s)', async (way, outcome) => {
    const { lines, status, lingered } = await run(way)
    expect(lines).toEqual([outcome])
    expect(status).toBe(0)
    expect(lingered).toBeLessThan(2_000)
  })
})

describe("a program whose request MCP's SDK has given up", () => {
  it('ends by itself within 2 s', async () => {
    const { lines, status, lingered } = await run('', fileURLToPath(new URL('./mcp-turn-child.ts', import.meta.url)))
    expect([lines, status]).toEqual([['begun'], 0])
    expect(lingered).toBeLessThan(2_000)
  })
})
