import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { bundle, cliRig, runtime } from './cli-rig.ts'
import type { CliRig } from './cli-rig.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

let rig: CliRig
beforeAll(async () => {
  rig = await cliRig()
})
afterAll(() => rig.close())

const script = async (shell: string): Promise<string> => (await rig.run(['completions', shell])).out

/** What bash offers for a line that ends in `words`' last one. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const file = join(rig.folder, 'completions.bash')
  await writeFile(file, await script('bash'))
  const line = `source ${file}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', line], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.trim().split('\n')
}

describe('latchkey completions', () => {
  it('complete commands, options, values and providers in bash', async () => {
    expect(await offered('latchkey', 'lo')).toEqual(['login', 'logout'])
    expect(await offered('latchkey', 'login', '--i')).toEqual(['--issuer'])
    expect(await offered('latchkey', 'login', 'anth')).toEqual(['anthropic', 'anthropic-platform'])
    expect(await offered('latchkey', 'login', '--via', 'p')).toEqual(['paste'])
    expect(await offered('latchkey', 'token', '--format', '')).toEqual(['raw', 'json', 'env', 'header'])
  })

  it.each(['zsh', 'fish'])('name every command and option for %s', async (shell) => {
    const text = await script(shell)
    for (const [name, { options = {} }] of Object.entries(commands)) {
      expect(text).toContain(name)
      for (const option of Object.keys(options))
        expect(text).toContain(shell === 'fish' ? `-l ${option}` : `--${option}`)
    }
    // Where the shell is installed, it must understand the script.
    const checked = spawnSync(shell, ['-n'], { input: text, encoding: 'utf8' })
    expect(checked.error === undefined ? checked.stderr : '').toBe('')
  })

  it('know no other shell', async () => {
    expect(await rig.run(['completions', 'cmd'])).toMatchObject({ code: 2, out: '' })
  })
})

describe('latchkey', () => {
  it.each([[[]], [['--help']], [['help']], [['-h']]])('says what it can do: %j', async (args) => {
    const { code, out } = await rig.run(args)
    expect(code).toBe(0)
    for (const name of Object.keys(commands)) expect(out).toContain(`\n  ${name} `)
  })

  it.each(Object.keys(commands))('says how %s is used', async (name) => {
    const { code, out } = await rig.run([name, '--help'])
    expect([code, out]).toEqual([0, expect.stringContaining(`usage: latchkey ${name}`)])
    for (const option of Object.keys(commands[name]?.options ?? {})) expect(out).toContain(`--${option}`)
  })

  it('does not mind that nobody listens any more', async () => {
    const run = rig.start(['--help'])
    run.child.stdout?.destroy()
    run.child.stderr?.destroy()
    expect((await run.ended).code).toBe(0)
  })

  it.runIf(existsSync('/dev/full'))('fails when what was asked for could not be written', async () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [...runtime, await bundle(), '--help'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    expect([status, stderr]).toEqual([1, expect.stringMatching(/ENOSPC|No space left/)])
  })

  it('says its version', async () => {
    const { program } = await import('./cli-rig.ts')
    const { version } = (await import('../../package.json', { with: { type: 'json' } })).default
    expect(await rig.run(['--version'], { program })).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })
})
