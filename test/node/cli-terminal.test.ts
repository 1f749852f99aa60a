import { existsSync, readFileSync } from 'node:fs'
import { renderUnicodeCompact } from 'uqr'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createProviderServer } from '../../src/testing/index.ts'
import { listen } from '../../src/testing/listen.node.ts'
import { address, bundle, cliRig, runtime, visit } from './cli-rig.ts'
import type { CliRig } from './cli-rig.ts'
import { openTerminal } from './cli-terminal-rig.ts'
import type { Terminal } from './cli-terminal-rig.ts'

// Each run is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let rig: CliRig
let terminal: Terminal | undefined

beforeEach(async () => {
  rig = await cliRig()
})
afterEach(async () => {
  terminal?.close()
  await rig.close()
})

async function open(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Terminal> {
  const words = [process.execPath, ...runtime, await bundle(), ...args]
  terminal = openTerminal({ words, env: { ...rig.env, ...env } })
  return terminal
}

const who = (): readonly string[] => ['login', '--issuer', rig.origin, '--client-id', 'cli']

describe.runIf(process.platform !== 'win32')('latchkey in a terminal', () => {
  it('signs in through the browser', async () => {
    const { shows, screen } = await open(who())
    const [, url = ''] = await shows(address)
    await shows(/Paste here \(it stays hidden\)/)
    await visit(url)
    await shows(/Signed in to \S+ as ada@example\.com[\s\S]*EXIT 0/)
    expect(screen()).toContain(`The tokens are in ${rig.path}.`)
    expect(Object.keys(JSON.parse(readFileSync(rig.path, 'utf8')))).toEqual([rig.key])
  })

  it('signs in over ssh, where the browser is elsewhere, by a paste that is not shown', async () => {
    const { shows, screen, type } = await open(who(), { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' })
    const [, url = ''] = await shows(address)
    await shows(/Paste here/)
    const callback = await rig.server.approve(url)
    type(`${String(callback)}\r`)
    await shows(/Signed in[\s\S]*EXIT 0/)
    expect(screen()).not.toContain(new URL(callback).searchParams.get('code'))
  })

  it('asks over ssh for a code on another device, where the server is known to give one', async () => {
    const running = await listen((origin) => createProviderServer({ provider: 'openai-codex', issuer: origin }))
    const args = ['login', 'openai-codex', '--issuer', running.origin]
    const { shows, screen } = await open(args, { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' })
    const [, place = ''] = await shows(/open this address on any device:\s+(\S+)/)
    const [, code = ''] = await shows(/enter this code:\s+(\S+)/)
    await shows(/█/)
    for (const line of renderUnicodeCompact(place, { border: 2 }).split('\n')) expect(screen()).toContain(line.trim())
    await running.server.approveDevice(code)
    await shows(/Signed in to ChatGPT[\s\S]*EXIT 0/)
    expect(Object.keys(JSON.parse(readFileSync(rig.path, 'utf8')))).toEqual(['openai-codex'])
    await running.close()
  })

  it('is stopped by Ctrl-C at the prompt, and leaves nothing behind', async () => {
    const { shows, type } = await open(who())
    const [, url = ''] = await shows(address)
    await shows(/Paste here/)
    type('\u0003')
    await shows(/Stopped\.[\s\S]*EXIT 130/)
    expect(existsSync(rig.path)).toBe(false)
    await expect(visit(url)).rejects.toThrow()
  })

  it('asks whom to sign in with, and is stopped by Ctrl-C there too', async () => {
    const env = { LATCHKEY_CLIENT_ID: 'cli' }
    const first = await open(['login'], env)
    await first.shows(/1 {2}anthropic[\s\S]*A number or a name: /)
    first.type(`${rig.origin}\r`)
    await visit((await first.shows(address))[1] ?? '')
    await first.shows(/Signed in[\s\S]*EXIT 0/)
    first.close()
    const second = await open(['login'], env)
    await second.shows(/A number or a name: /)
    second.type('\u0003')
    await second.shows(/Stopped\.[\s\S]*EXIT 130/)
    expect(rig.server.history.count({ grant: 'authorization_code' })).toBe(1)
  })

  it('asks before an account leaves another program, and takes anything but a yes for a no', async () => {
    const { shows, type } = await open(['import', 'pi'])
    await shows(/Move anthropic from .*\[y\/N\] /)
    type('n\r')
    await shows(/EXIT 130/)
    expect(existsSync(rig.path)).toBe(false)
  })

  it('shows that it waits where nothing can be typed', async () => {
    const { shows, screen } = await open([...who(), '--via', 'loopback'])
    const [, url = ''] = await shows(address)
    await shows(/Waiting for you: [12] s, Ctrl-C stops/)
    await visit(url)
    await shows(/Signed in[\s\S]*EXIT 0/)
    expect(screen()).not.toMatch(/Ctrl-C stops *Signed/)
  })

  it('uses bold letters in a terminal, and none with NO_COLOR', async () => {
    const { shows, screen } = await open(['token', 'github'])
    await shows(/EXIT 1/)
    expect(screen()).toContain('\u001b[1m')
    terminal?.close()
    const plain = await open(['token', 'github'], { NO_COLOR: '1' })
    await plain.shows(/EXIT 1/)
    expect(plain.screen()).not.toContain('\u001b[1m')
  })
})
