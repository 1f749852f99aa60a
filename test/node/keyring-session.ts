import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProgram } from '../runtimes/find-program.ts'
import { firstChunk, spawnProgram } from '../runtimes/spawn-program.ts'

/** A session of a person's desktop with a keychain of our own, which this process uses until it ends. */
export interface KeyringSession {
  lock(): void
  end(): Promise<void>
}

const theBus = ['--dest', 'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus']
const secrets = ['--dest', 'org.freedesktop.secrets', '--object-path', '/org/freedesktop/secrets']
const login = '/org/freedesktop/secrets/collection/login'
const address = 'DBUS_SESSION_BUS_ADDRESS'
const daemon = findProgram('gnome-keyring-daemon')
const bus = findProgram('dbus-daemon')
const caller = findProgram('gdbus')

/** Why these tests cannot run here; `undefined` where they can. */
export const missing: string | undefined = whyMissing()
if (missing !== undefined && process.platform === 'linux' && process.env['CI'] === 'true') throw new Error(missing)

function whyMissing(): string | undefined {
  if (process.platform !== 'linux') return 'skipped: this keychain belongs to a person'
  return daemon && bus && caller ? undefined : 'skipped: gnome-keyring, dbus and gdbus are not installed'
}

/** Starts a bus, and an unlocked keychain on it, in a home of its own. */
export async function startKeyring(): Promise<KeyringSession> {
  if (daemon === undefined || bus === undefined || caller === undefined) throw new Error(missing)
  const home = mkdtempSync(join(tmpdir(), 'keyring-'))
  mkdirSync(join(home, 'data', 'keyrings'), { recursive: true })
  const env = {
    ...process.env,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    XDG_DATA_HOME: join(home, 'data'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
  }
  const busArguments = ['--session', '--nofork', '--print-address=1', `--address=unix:dir=${home}`]
  const session = spawnProgram(bus, busArguments, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  if (session.child.stdout === null) throw new Error('the bus says nothing')
  const at = (await firstChunk(session.child.stdout)).trim()
  const inside = { ...env, [address]: at }
  const keyringArguments = ['--unlock', '--components=secrets', '--foreground']
  const keyring = spawnProgram(daemon, keyringArguments, { env: inside, stdio: ['pipe', 'ignore', 'ignore'] })
  keyring.child.stdin?.end('\n')
  const call = (place: readonly string[], method: string, value: string): string => {
    const all = ['call', '--session', '--timeout', '2', ...place, '--method', method, value]
    return spawnSync(caller, all, { env: inside, encoding: 'utf8', timeout: 5_000 }).stdout
  }
  // To ask the keychain itself before it is there would start another one, locked.
  for (
    let round = 0;
    !call(theBus, 'org.freedesktop.DBus.NameHasOwner', 'org.freedesktop.secrets').includes('true');
  ) {
    if (++round > 50) throw new Error('the keychain does not come')
    await sleep(50)
  }
  for (let round = 0; !call(secrets, 'org.freedesktop.Secret.Service.ReadAlias', 'default').includes(login); ) {
    if (++round > 50) throw new Error('the keychain does not open')
    await sleep(50)
  }
  const before = process.env[address]
  await setVariable(at)
  return {
    lock: () => {
      const locked = call(secrets, 'org.freedesktop.Secret.Service.Lock', `['${login}']`)
      if (!locked.includes(login)) throw new Error('the keychain could not be locked')
    },
    end: async () => {
      await setVariable(before ?? 'disabled:')
      await keyring.end()
      await session.end()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Sets it for native code too, to which Bun does not tell what is set in `process.env`. */
async function setVariable(value: string): Promise<void> {
  process.env[address] = value
  if (!('Bun' in globalThis)) return
  const ffi = 'bun:ffi'
  const { dlopen } = (await import(/* @vite-ignore */ ffi)) as BunFFI
  const { symbols } = dlopen('libc.so.6', { setenv: { args: ['cstring', 'cstring', 'i32'], returns: 'i32' } })
  symbols.setenv(Buffer.from(`${address}\0`), Buffer.from(`${value}\0`), 1)
}

interface BunFFI {
  dlopen(
    library: string,
    symbols: object,
  ): { readonly symbols: { setenv(name: Uint8Array, value: Uint8Array, overwrite: number): number } }
}
