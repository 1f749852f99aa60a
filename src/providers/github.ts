/**
 * Signing in with GitHub.
 *
 * @module
 */

import type { Provider } from '../contracts.ts'
import { configError } from '../errors.ts'

/** How to sign in with GitHub. Any field of the row may be given too, for example `scopes`. */
export interface GitHubOptions extends Partial<Provider> {
  /** The host of a GitHub Enterprise Server. @default 'github.com' */
  readonly host?: string
}

/**
 * GitHub, with an OAuth App or a GitHub App of your own: in the browser, or by a code on another device.
 *
 * GitHub wants a client secret for the sign-in in the browser, so keep that to servers; a program on a
 * person's machine uses the device code, which needs none. Tokens of an OAuth App neither end nor are
 * refreshed; those of a GitHub App do, if it was set to expire them. Nobody is named by a token answer:
 * ask `GET /user`.
 *
 * @example
 * ```ts
 * const client = createNodeClient({ provider: github({ scopes: ['read:user'] }), clientId: 'Iv1.…' })
 * await client.signIn({ via: 'device' })
 * ```
 *
 * @see {@link https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps GitHub, Authorizing OAuth apps}
 */
export function github({ host = 'github.com', ...row }: GitHubOptions = {}): Provider {
  if (!/^[a-z\d.-]+(:\d+)?$/i.test(host)) throw configError('host must be the name of a host.')
  const site = `https://${host}`
  return {
    id: 'github',
    name: 'GitHub',
    issuer: `${site}/login/oauth`,
    endpoints: {
      authorization: `${site}/login/oauth/authorize`,
      token: `${site}/login/oauth/access_token`,
      deviceAuthorization: `${site}/login/device/code`,
    },
    redirect: { loopback: { host: '127.0.0.1', path: '/callback' } },
    scopes: [],
    // A GitHub App's refresh token ends with its first use.
    rotation: 'strict',
    apiOrigins: [host === 'github.com' ? 'https://api.github.com' : site],
    apiHeaders: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    terminalErrors: ['bad_refresh_token'],
    scopeSeparator: ',',
    unannouncedIssuer: 'compare',
    browser: false,
    ...row,
  }
}
