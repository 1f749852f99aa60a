import { parseUrl } from '../core/endpoint.ts'
import { carriesCallback } from '../redirects/page.dom.ts'

/**
 * The callback in an address that somebody gave, or else in `known`; `undefined` where there is none.
 *
 * Throws a `TypeError` of ours: the native one would repeat the code.
 */
export function callbackAt(address: URL | string | undefined, known: URL | undefined): URL | undefined {
  const url = address === undefined ? known : parseUrl(`${address}`)
  if (url === undefined && address !== undefined) throw new TypeError('url is not an absolute URL.')
  return url && carriesCallback(url) ? url : undefined
}
