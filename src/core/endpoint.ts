import { configError } from '../errors.ts'

const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** Whether `url` names this machine by one of its usual names. */
export function isLoopback(url: URL): boolean {
  return loopbackHosts.includes(url.hostname)
}

/** Where plain `http:` may be spoken. */
export interface Secure {
  readonly allowInsecureLoopback: boolean
}

/** Reads a URL that will be sent credentials, or throws `config`: `https:`, no user information, no fragment. */
export function secureUrl(name: string, value: string, { allowInsecureLoopback }: Secure): URL {
  const url = parseUrl(value)
  const local = url?.protocol === 'http:' && isLoopback(url)
  if (url?.protocol === 'https:' || (local && allowInsecureLoopback)) {
    if (url.username === '' && url.password === '' && !value.includes('#')) return url
    throw configError(`${name} must hold no user name, password or fragment.`)
  }
  throw configError(
    `${name} ${local ? 'is http: set allowInsecureLoopback to permit that.' : 'must be an https: URL.'}`,
  )
}

/**
 * `new URL` without the throw. `URL.parse` is younger than the runtimes we support.
 *
 * @example
 * ```ts
 * const url = parseUrl(text)
 * if (url === undefined) throw new TypeError('Not a URL.')
 * ```
 */
export function parseUrl(value: string, base?: URL): URL | undefined {
  try {
    return new URL(value, base)
  } catch {
    return undefined
  }
}
