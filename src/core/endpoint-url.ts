import { configError } from '../errors.ts'
import { secureUrl } from './endpoint.ts'
import type { Secure } from './endpoint.ts'

/** What `endpointUrl` permits. */
export interface EndpointRules extends Secure {
  /** The issuer that named the endpoint. Unless it is private itself, it may not point to a private address. */
  readonly namedBy?: string
}

/**
 * Reads the URL of an endpoint that will be sent credentials, or throws `config`.
 *
 * `https:` only (`http:` for loopback where allowed), no user information, no fragment, and no
 * private, link-local or metadata address unless the issuer itself lives on one.
 *
 * @example
 * ```ts
 * const url = endpointUrl('the revocation endpoint', given, { allowInsecureLoopback: false })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-2 RFC 8414, section 2}
 */
export function endpointUrl(name: string, value: string, rules: EndpointRules): URL {
  const url = secureUrl(name, value, rules)
  if (rules.namedBy !== undefined && isPrivate(url) && !isPrivate(new URL(rules.namedBy))) {
    throw configError(`${name} points to a private address.`)
  }
  return url
}

// The URL parser has already turned decimal, octal and hexadecimal forms into dotted ones, and
// IPv4-mapped IPv6 addresses into [::ffff:a9fe:a9fe]. IANA's special-purpose address registries.
const privateHosts = [
  /(^|\.)(localhost|local|internal)$/,
  /^(0|10|127)\.\d+\./,
  /^169\.254\./,
  /^192\.(168|0\.0)\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^198\.1[89]\./,
  /^(22[4-9]|2[34]\d|25[0-5])\.\d+\./,
  /^\[::/,
  /^\[f[cdf]/,
  /^\[fe[89a-f]/,
  /^\[64:ff9b:/,
  /^\[2002:/,
]

function isPrivate({ hostname }: URL): boolean {
  const host = hostname.replace(/\.$/, '')
  return privateHosts.some((pattern) => pattern.test(host))
}
