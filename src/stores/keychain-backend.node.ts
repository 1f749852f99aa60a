import process from 'node:process'
import { OAuthError } from '../errors.ts'

/** Where secrets rest: each under a service, which names the application, and a name. */
export interface KeychainBackend {
  /** The longest secret that fits, in ASCII characters; longer ones are split. @default no limit */
  readonly maxLength?: number
  get(service: string, name: string): Promise<string | undefined>
  set(service: string, name: string, secret: string): Promise<void>
  /** Removes what is there; says nothing where there is nothing. */
  delete(service: string, name: string): Promise<void>
}

/** Windows takes 2560 bytes, two for each character, and what goes with it. */
const windowsLength = 1200

/** The part of `@napi-rs/keyring` that we use. */
interface Keyring {
  readonly AsyncEntry: new (
    service: string,
    name: string,
    options: { linux: { store: 'secret-service' } },
  ) => {
    getPassword(): Promise<string | null>
    setPassword(secret: string): Promise<void>
    deletePassword(): Promise<boolean>
  }
}

/** The part of Bun that we use. */
interface BunSecrets {
  get(place: { service: string; name: string }): Promise<string | null>
  set(item: { service: string; name: string; value: string }): Promise<void>
  delete(place: { service: string; name: string }): Promise<boolean>
}

/**
 * Finds this system's keychain: by `@napi-rs/keyring`, so that Node, Deno and Bun share it, else by
 * `Bun.secrets`. Never by anything else.
 *
 * @throws OAuthError `unsupported` when there is neither.
 */
export async function systemKeychain(
  load: () => Promise<Keyring | undefined> = loadKeyring,
  findSecrets: () => BunSecrets | undefined = bunSecrets,
): Promise<KeychainBackend> {
  const limit = process.platform === 'win32' && { maxLength: windowsLength }
  const keyring = await load()
  if (keyring !== undefined) return { ...limit, ...keyringBackend(keyring) }
  const secrets = findSecrets()
  if (secrets !== undefined) return { ...limit, ...bunBackend(secrets) }
  const what = 'the keychain, without the package @napi-rs/keyring built for this system (npm install @napi-rs/keyring)'
  throw new OAuthError('unsupported', { what })
}

/** Caught on the spot, by which bundlers see that it may be missing. */
function loadKeyring(): Promise<Keyring | undefined> {
  return import('@napi-rs/keyring').catch(() => undefined)
}

/** On Linux the Secret Service only: the kernel's keyring, which it would fall back to, forgets at the next start. */
function keyringBackend({ AsyncEntry }: Keyring): KeychainBackend {
  const entry = (service: string, name: string): InstanceType<Keyring['AsyncEntry']> =>
    new AsyncEntry(service, name, { linux: { store: 'secret-service' } })
  return {
    get: async (service, name) => (await entry(service, name).getPassword()) ?? undefined,
    set: async (service, name, secret) => entry(service, name).setPassword(secret),
    delete: async (service, name) => void (await entry(service, name).deletePassword()),
  }
}

function bunBackend(secrets: BunSecrets): KeychainBackend {
  return {
    get: async (service, name) => (await secrets.get({ service, name })) ?? undefined,
    set: async (service, name, value) => secrets.set({ service, name, value }),
    delete: async (service, name) => void (await secrets.delete({ service, name })),
  }
}

function bunSecrets(): BunSecrets | undefined {
  return (globalThis as { readonly Bun?: { readonly secrets?: BunSecrets } }).Bun?.secrets
}
