import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBrowser } from '../../src/node/open-browser.ts'
import type { Spawn } from '../../src/node/open-browser.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-open-'))
  await mkdir(join(folder, 'bin'))
  await mkdir(join(folder, 'calls'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

// Writes its name and arguments, one per line, and a null byte at the end of each argument.
const recorder = `#!/bin/sh
file="$LATCHKEY_TEST_CALLS/$$"
{ printf '%s\\n' "\${0##*/}"; for a in "$@"; do printf '%s\\0' "$a"; done; } > "$file"
exit \${LATCHKEY_TEST_STATUS:-0}
`

// Two names are the shells that must never be asked.
const programs = [
  'open',
  'xdg-open',
  'gio',
  'sensible-browser',
  'wslview',
  'rundll32.exe',
  'rundll32',
  'cmd',
  'cmd.exe',
]
const others = ['powershell', 'powershell.exe', 'sh', 'bash', 'my-browser', 'W\\System32\\rundll32.exe']

async function install(...names: string[]): Promise<void> {
  await writeFile(join(folder, 'recorder'), recorder)
  await chmod(join(folder, 'recorder'), 0o755)
  for (const name of names) await symlink(join(folder, 'recorder'), join(folder, 'bin', name))
}

function world(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const bin = join(folder, 'bin')
  return { PATH: bin, LATCHKEY_TEST_CALLS: join(folder, 'calls'), SystemRoot: join(bin, 'W'), ...more }
}

async function calls(): Promise<{ program: string; args: string[] }[]> {
  const names = await readdir(join(folder, 'calls'))
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, 'calls', name), 'utf8')
      const cut = text.indexOf('\n')
      return {
        program: text.slice(0, cut),
        args: text
          .slice(cut + 1)
          .split('\0')
          .slice(0, -1),
      }
    }),
  )
}

const platforms: readonly [string, string, Readonly<Record<string, string>>, string, number][] = [
  ['macOS', 'darwin', {}, 'open', 1],
  ['Windows', 'win32', {}, 'W\\System32\\rundll32.exe', 2],
  ['Linux', 'linux', { DISPLAY: ':0' }, 'xdg-open', 1],
  ['Wayland', 'linux', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open', 1],
  ['WSL', 'linux', { WSL_DISTRO_NAME: 'Debian' }, 'wslview', 1],
  ['BROWSER', 'linux', { BROWSER: 'my-browser --new-tab' }, 'my-browser', 2],
]

const fragments = [
  '$(touch CANARY)',
  '`touch CANARY`',
  '; touch CANARY',
  '& touch CANARY',
  '&& touch CANARY',
  '| touch CANARY',
  '"; touch CANARY; "',
  "'; touch CANARY; '",
  '" & touch CANARY & "',
  '%26touch CANARY',
  '%PATH%',
  '$PATH',
  '$&',
  '%s',
  '%1',
  '^& touch CANARY',
  '\n touch CANARY',
  '\r\ntouch CANARY',
  '\u0000touch CANARY',
  '\u2028touch CANARY',
  '\\..\\..\\touch',
  '--upload-pack=touch CANARY',
  '-e touch CANARY',
  '$((1+1))',
  '${IFS}touch${IFS}CANARY',
]
const places = [
  (f: string) => `?a=1&b=${f}&c=2`,
  (f: string) => `/${f}`,
  (f: string) => `#${f}`,
  (f: string) => `?${f}=1`,
]
const hostile = fragments.flatMap((f) => places.map((place) => `https://id.example.com${place(f)}`))

const neverOpened = [
  'javascript:alert(1)',
  'data:text/html,<script>1</script>',
  'file:///etc/passwd',
  'vbscript:x',
  'ms-msdt:/id',
  'calculator://',
  'smb://evil/share',
  'http://id.example.com/',
  'http://localhost.evil.example/',
  'http://127.0.0.1.evil.example/',
  'ftp://id.example.com/',
  'about:blank',
  '-e',
  '--version',
  '/etc/passwd',
  '\\\\evil\\share',
  '$(touch CANARY)',
  'https://',
  'https://exa mple.com',
  '',
]

describe.skipIf(process.platform === 'win32')('openBrowser', () => {
  it.each(platforms)('gives 100 hostile URLs to the opener of %s as one argument', async (...row) => {
    const [, platform, env, program, count] = row
    await install(...programs, ...others)
    for (let n = 0; n < hostile.length; n += 10) {
      const batch = hostile.slice(n, n + 10)
      const opened = await Promise.all(batch.map((url) => openBrowser(url, { platform, env: world(env) })))
      expect(opened).toEqual(batch.map(() => true))
    }
    const seen = await calls()
    expect(seen.map((call) => call.program)).toEqual(hostile.map(() => program))
    expect(seen.every((call) => call.args.length === count)).toBe(true)
    expect(seen.map((call) => call.args.at(-1)).sort()).toEqual(hostile.map((url) => new URL(url).href).sort())
    for (const { args } of seen) expect(args.at(-1)).toMatch(/^https:\/\/id\.example\.com\/[!#-~]*$/)
    expect((await readdir(folder)).sort()).toEqual(['bin', 'calls', 'recorder'])
    expect((await readdir('.')).filter((name) => name.includes('CANARY'))).toEqual([])
  })

  it.each(platforms)('starts nothing on %s for what is no https URL', async (_name, platform, env) => {
    const started: unknown[] = []
    const spawn: Spawn = (...call) => {
      started.push(call)
      throw new Error('nothing may be started')
    }
    for (const url of neverOpened) expect(await openBrowser(url, { platform, env: world(env), spawn })).toBe(false)
    expect(started).toEqual([])
  })

  it('opens http for this machine only', async () => {
    await install('open')
    for (const url of ['http://127.0.0.1:8080/', 'http://localhost/', 'http://[::1]:1/']) {
      expect(await openBrowser(url, { platform: 'darwin', env: world() })).toBe(true)
    }
  })

  it('starts nothing without a display', async () => {
    await install(...programs)
    expect(await openBrowser('https://id.example.com/', { platform: 'linux', env: world() })).toBe(false)
    expect(await calls()).toEqual([])
  })

  it('puts the URL where BROWSER says', async () => {
    await install('my-browser')
    const env = world({ BROWSER: 'my-browser --url=%s -x' })
    expect(await openBrowser('https://id.example.com/?a=1&b=%s', { platform: 'linux', env })).toBe(true)
    expect(await calls()).toEqual([{ program: 'my-browser', args: ['--url=https://id.example.com/?a=1&b=%s', '-x'] }])
  })

  it('goes on to the next opener when one is missing or fails', async () => {
    await install('gio')
    const env = world({ BROWSER: 'not-there:also not there %s', DISPLAY: ':0' })
    expect(await openBrowser('https://id.example.com/', { platform: 'linux', env })).toBe(true)
    expect(await calls()).toEqual([{ program: 'gio', args: ['open', 'https://id.example.com/'] }])
  })

  it('says false when all of them fail', async () => {
    await install(...programs)
    const env = world({ DISPLAY: ':0', LATCHKEY_TEST_STATUS: '3' })
    expect(await openBrowser('https://id.example.com/', { platform: 'linux', env })).toBe(false)
    expect((await calls()).map(({ program }) => program).sort()).toEqual(['gio', 'sensible-browser', 'xdg-open'])
  })

  it('says false when a program cannot even be started', async () => {
    const spawn: Spawn = () => {
      throw new Error('EINVAL')
    }
    expect(await openBrowser('https://id.example.com/', { platform: 'darwin', env: {}, spawn })).toBe(false)
  })

  it('does not wait for an opener that is the browser', async () => {
    await writeFile(join(folder, 'bin', 'my-browser'), '#!/bin/sh\nexec /bin/sleep 3\n')
    await chmod(join(folder, 'bin', 'my-browser'), 0o755)
    const begun = performance.now()
    const env = world({ BROWSER: 'my-browser' })
    expect(await openBrowser('https://id.example.com/', { platform: 'linux', env })).toBe(true)
    expect(performance.now() - begun).toBeLessThan(2_500)
  })
})
