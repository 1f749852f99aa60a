// oxlint-disable vitest/no-conditional-tests, jest/no-conditional-tests -- in other runtimes there is no such test, and so none that is skipped.
import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fileStore } from '../../src/stores/file.node.ts'
import { cliRig, isNode, program } from './cli-rig.ts'
import type { CliRig } from './cli-rig.ts'

// Each run is a process of its own, perhaps on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 30_000 })

let rig: CliRig

beforeEach(async () => {
  rig = await cliRig()
  await rig.signIn()
})
afterEach(() => rig.close())

const stored = async (): Promise<{ access: string; refresh: string; expires: number }> =>
  JSON.parse(await readFile(rig.path, 'utf8'))[rig.key]

const refreshes = (): number => rig.server.history.count({ endpoint: 'token', grant: 'refresh_token' })

/** The access token ends, here and at the server. */
async function expire(left = 0): Promise<void> {
  await fileStore({ path: rig.path }).update(
    rig.key,
    (record) =>
      record && {
        ...record,
        tokens: { ...record.tokens, obtainedAt: Date.now() + left - 3_600_000, expiresAt: Date.now() + left },
      },
  )
}

describe('latchkey token', () => {
  it('prints the token and nothing else, without asking anybody', async () => {
    const { access } = await stored()
    const asked = rig.server.history.entries.length
    expect(await rig.run(['token'])).toEqual({ code: 0, out: `${access}\n`, err: '' })
    expect(rig.server.history.entries.length).toBe(asked)
  })

  // Only Node tells what it loads.
  if (isNode)
    it('loads neither a server nor fetch for a token that is good', async () => {
      const spy = `import { registerHooks } from 'node:module'
      registerHooks({ load: (url, context, next) => { process.stderr.write('load ' + url + '\\n'); return next(url, context) } })
      process.on('exit', () => process.stderr.write(process.moduleLoadList.join('\\n')))`
      const before = ['--import', `data:text/javascript,${encodeURIComponent(spy)}`]
      const { code, err } = await rig.run(['token'], { before, program })
      expect(code).toBe(0)
      expect(err).toContain('src/stores/read-auth-file.node.ts')
      expect(err).not.toMatch(/src\/(client|core|lifecycle|redirects|providers|explain)\/|oauth4webapi|jose|node:http/)
      expect(err).not.toMatch(/NativeModule (http|https|_http_server|internal\/deps\/undici\/undici)$/m)
      // Nor what takes long, and only locks, servers and threads need.
      expect(err).not.toMatch(/file-lock|NativeModule (crypto|worker_threads)$/m)
    })

  it.each([
    ['json', /^\{"accessToken":"([^"]+)","tokenType":"Bearer","expiresAt":\d+\}\n$/],
    ['env', /^LATCHKEY_ACCESS_TOKEN='([^']+)'\n$/],
    ['header', /^Authorization: Bearer (\S+)\n$/],
  ])('prints it as %s', async (format, form) => {
    const { access, refresh } = await stored()
    const { code, out } = await rig.run(['token', '--format', format])
    expect([code, form.exec(out)?.[1]]).toEqual([0, access])
    expect(out).not.toContain(refresh)
  })

  it('renews one that has ended, stores it, and never prints the refresh token', async () => {
    await expire()
    const before = await stored()
    const { code, out, err } = await rig.run(['token', rig.key])
    const after = await stored()
    expect([code, out, refreshes()]).toEqual([0, `${after.access}\n`, 1])
    expect(after.access).not.toBe(before.access)
    for (const secret of [before.refresh, after.refresh]) expect(out + err).not.toContain(secret)
  })

  it('renews one that does not last as long as was asked for', async () => {
    expect((await rig.run(['token', '--min-validity', '30m'])).code).toBe(0)
    expect(refreshes()).toBe(0)
    await expire(20 * 60_000)
    const { code, out } = await rig.run(['token', '--min-validity', '30m'])
    expect([code, out, refreshes()]).toEqual([0, `${(await stored()).access}\n`, 1])
  })

  it('gives one that is still good for a while when the server is down', async () => {
    await expire(120_000)
    rig.server.faults.always('token', { status: 503 })
    const { access } = await stored()
    expect(await rig.run(['token'])).toMatchObject({ code: 0, out: `${access}\n` })
    const { code, out, err } = await rig.run(['token', '--min-validity', '30m'])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('(server_error)')
  })

  it('asks 50 shells at once for one refresh, and gives all of them the same token', async () => {
    await expire()
    const endings = await Promise.all(Array.from({ length: 50 }, () => rig.run(['token'])))
    expect(endings.map(({ code }) => code)).toEqual(Array.from({ length: 50 }, () => 0))
    expect(new Set(endings.map(({ out }) => out))).toEqual(new Set([`${(await stored()).access}\n`]))
    expect(refreshes()).toBe(1)
  })

  it('says within a second what to do when nobody is signed in', async () => {
    const { code, out, err } = await rig.run(['token', 'github'])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('latchkey login')
    expect(err).toContain('(sign_in_required)')
  })

  it('says so when the server has ended the session', async () => {
    await expire()
    rig.server.revokeSessions()
    const { code, out, err } = await rig.run(['token'], { env: { LATCHKEY_ACCESS_TOKEN: 'of somebody else' } })
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('the server ended the session')
  })

  it('takes a token from the environment only where nobody is signed in', async () => {
    const env = { LATCHKEY_ACCESS_TOKEN: 'from-the-environment' }
    expect((await rig.run(['token'], { env })).out).toBe(`${(await stored()).access}\n`)
    expect((await rig.run(['token', 'github'], { env })).out).toBe('from-the-environment\n')
  })

  it('asks which of several accounts is meant', async () => {
    await rig.signIn('work')
    const { code, out, err } = await rig.run(['token'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(`${rig.key}, ${rig.key}@work. Name one, or set LATCHKEY_PROVIDER.`)
    const work = JSON.parse(await readFile(rig.path, 'utf8'))[`${rig.key}@work`].access
    expect((await rig.run(['token', `${rig.key}@work`])).out).toBe(`${work}\n`)
    expect((await rig.run(['token', '--profile', 'work'])).out).toBe(`${work}\n`)
    expect((await rig.run(['token'], { env: { LATCHKEY_PROVIDER: rig.origin, LATCHKEY_PROFILE: 'work' } })).out).toBe(
      `${work}\n`,
    )
  })

  it('does not write over a file that it cannot read', async () => {
    await writeFile(rig.path, '{"cut')
    const { code, out, err } = await rig.run(['token', rig.key])
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('(store_corrupt)')
    expect(await readFile(rig.path, 'utf8')).toBe('{"cut')
  })

  it.runIf(process.platform !== 'win32')('stores the answer to a refresh that Ctrl-C overtakes', async () => {
    await expire()
    const { access } = await stored()
    const held = rig.server.faults.hold('token')
    const run = rig.start(['token'])
    await held.arrived
    run.child.kill('SIGINT')
    await run.said(/Stopped\./)
    held.release()
    expect(await run.ended).toMatchObject({ code: 130, out: '' })
    expect((await stored()).access).not.toBe(access)
    expect(await rig.run(['token'])).toMatchObject({ code: 0, out: `${(await stored()).access}\n` })
  })
})
