/**
 * Signing in with Google.
 *
 * @module
 */

import type { Provider } from '../contracts.ts'

/**
 * Google. Asks for a refresh token, which Google gives only with consent, and which stays good.
 *
 * A client of the kind "Desktop app" is given a secret that is none: pass it as
 * `clientSecretPost(secret)`. Its loopback port is free. Add the scopes and `apiOrigins` of the APIs you call.
 *
 * @example
 * ```ts
 * const provider = google({ scopes: ['openid', 'email', 'https://www.googleapis.com/auth/drive.file'] })
 * const client = createNodeClient({ provider, clientId, clientAuth: clientSecretPost(secret) })
 * ```
 *
 * @see {@link https://developers.google.com/identity/protocols/oauth2/native-app Google, OAuth 2.0 for desktop apps}
 */
export function google(row: Partial<Provider> = {}): Provider {
  return {
    id: 'google',
    name: 'Google',
    issuer: 'https://accounts.google.com',
    discovery: 'oidc',
    redirect: { loopback: { host: '127.0.0.1', path: '/callback' } },
    scopes: ['openid', 'profile', 'email'],
    authorizationParams: { access_type: 'offline', prompt: 'consent' },
    rotation: 'none',
    apiOrigins: ['https://www.googleapis.com'],
    apiHeaders: {},
    terminalErrors: [],
    unannouncedIssuer: 'compare',
    // Google wants a client secret of whoever exchanges a code, and a page has none.
    browser: false,
    ...row,
  }
}
