import type { Clock } from '../contracts.ts'
import type * as encryptedJson from '../core/encrypted-json.ts'
import type { JsonMembers } from '../core/index.ts'
import { loaded } from '../core/loaded.ts'
import { configError } from '../errors.ts'
import { within } from '../core/wait.ts'

/** One secret, or several: the first encrypts, all decrypt. */
export type CookieSecrets = string | readonly string[]

/** What a cookie is for. What was sealed for one purpose opens for no other. */
export type CookiePurpose = 'session' | 'transaction'

type Encryption = typeof encryptedJson

type Keys = { readonly [Purpose in CookiePurpose]: readonly CryptoKey[] }

/** Seals what a browser shall keep for us. */
export interface CookieSeal {
  seal(purpose: CookiePurpose, members: object): Promise<string>
  /** What is within, if it was sealed here, for this purpose. */
  open(purpose: CookiePurpose, text: string): Promise<JsonMembers | undefined>
}

/** What a seal is made of. */
export interface CookieSealParts {
  readonly secret: CookieSecrets | (() => Promise<CookieSecrets>)
  /** Names this deployment: another one with the same secret opens nothing of ours. */
  readonly deployment: readonly string[]
  readonly clock: Clock
  readonly timeout: number
}

/** How long secrets from a function are used before it is asked again, in milliseconds. */
const rereadAfter = 300_000

/** How soon it is asked again after it has failed, in milliseconds. */
const retryAfter = 10_000

/** The shortest secret. 32 characters of a random generator's hold 128 bits at least. */
const shortest = 32

/**
 * Makes the seal. Does nothing yet: Workers have no randomness while a module is being loaded.
 *
 * Errors: `config` for a secret that is too short or not there.
 */
export function cookieSeal(parts: CookieSealParts): CookieSeal {
  const { secret, clock } = parts
  let known: Opener | undefined
  const given = typeof secret === 'function' ? undefined : checked(secret)

  // What is remembered is the result: a promise must not be shared by the requests of a Worker.
  async function prepared(): Promise<Opener> {
    const secrets = given ?? checked(await fetched(parts))
    // What asks for no session starts without jose.
    const encryption = known?.encryption ?? (await loaded(import('../core/encrypted-json.ts'), parts))
    const keys = await derive(encryption, secrets, parts.deployment)
    known = { encryption, keys, until: given === undefined ? clock.now() + rereadAfter : Infinity }
    return known
  }

  const ready = (): Opener | Promise<Opener> =>
    known !== undefined && clock.now() < known.until ? known : prepared().catch(goOn)

  // Those who are signed in need not leave because new secrets cannot be had.
  function goOn(failure: unknown): Opener {
    if (known === undefined) throw failure
    known = { ...known, until: clock.now() + retryAfter }
    return known
  }

  return {
    async seal(purpose, members) {
      const { encryption, keys } = await ready()
      const [key] = keys[purpose]
      if (key === undefined) throw configError('cookieSecret is an empty list.')
      return encryption.encryptJson(key, members)
    },
    async open(purpose, text) {
      const { encryption, keys } = await ready()
      return encryption.decryptJson(keys[purpose], text)
    },
  }
}

/** What opens and seals, and until when. */
interface Opener {
  readonly encryption: Encryption
  readonly keys: Keys
  readonly until: number
}

async function fetched({ secret, clock, timeout }: CookieSealParts): Promise<unknown> {
  if (typeof secret !== 'function') return secret
  const failed = (): never => {
    // The original is no cause: it may quote the secret.
    throw configError('the function cookieSecret failed.')
  }
  return within((async () => secret())().catch(failed), 'the cookie secret', timeout, clock)
}

async function derive(
  { purposeKey }: Encryption,
  secrets: readonly string[],
  deployment: readonly string[],
): Promise<Keys> {
  const keysFor = (purpose: CookiePurpose): Promise<CryptoKey[]> =>
    Promise.all(secrets.map((secret) => purposeKey(secret, ['cookie', purpose, ...deployment])))
  return { session: await keysFor('session'), transaction: await keysFor('transaction') }
}

function checked(given: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (secrets.length === 0) throw configError('cookieSecret is an empty list.')
  return secrets.map((secret) => {
    if (typeof secret !== 'string' || secret.length < shortest) {
      throw configError(`cookieSecret must have ${shortest} characters at least, from a random generator.`)
    }
    return secret
  })
}
