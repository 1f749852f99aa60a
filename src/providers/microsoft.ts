/**
 * Signing in with Microsoft.
 *
 * @module
 */

import type { Provider } from '../contracts.ts'
import { configError } from '../errors.ts'

/** How to sign in with Microsoft. Any field of the row may be given too, for example `scopes`. */
export interface MicrosoftOptions extends Partial<Provider> {
  /** The tenant's identifier, a UUID; or `consumers` for personal accounts. */
  readonly tenant: string
}

/** The tenant in which all personal accounts live. */
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad'

/**
 * Microsoft Entra ID, of one tenant; or personal Microsoft accounts.
 *
 * `common` and `organizations` are refused (`config`): their metadata names an issuer that no token has,
 * so nothing could prove who signed in. A page can reach the token endpoint if its redirect URI is
 * registered as one of a single-page application; its refresh tokens then end after a day.
 *
 * @example
 * ```ts
 * const provider = microsoft({ tenant: '8eaef023-2b34-4da1-9baa-8bc8c9d6a490', scopes: ['openid', 'offline_access', 'User.Read'] })
 * ```
 *
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow Microsoft, authorization code flow}
 */
export function microsoft({ tenant, ...row }: MicrosoftOptions): Provider {
  const id = tenant === 'consumers' ? consumers : tenant
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) {
    throw configError("tenant must be a tenant's UUID, or consumers.")
  }
  return {
    id: 'microsoft',
    name: 'Microsoft',
    issuer: `https://login.microsoftonline.com/${id.toLowerCase()}/v2.0`,
    discovery: 'oidc',
    redirect: { loopback: { host: 'localhost', path: '/' } },
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    rotation: 'none',
    apiOrigins: ['https://graph.microsoft.com'],
    apiHeaders: {},
    terminalErrors: ['interaction_required', 'login_required', 'consent_required'],
    unannouncedIssuer: 'compare',
    browser: true,
    ...row,
  }
}
