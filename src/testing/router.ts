import type { Endpoint } from './context.ts'
import { apiEndpoint } from './api-endpoint.ts'
import { authorizationEndpoint } from './authorization-endpoint.ts'
import { deviceAuthorizationEndpoint, verificationEndpoint } from './device-endpoints.ts'
import { endSessionEndpoint } from './end-session-endpoint.ts'
import { jwksEndpoint, metadataEndpoint } from './metadata-endpoint.ts'
import { pushedAuthorizationEndpoint } from './pushed-authorization-endpoint.ts'
import { revocationEndpoint } from './revocation-endpoint.ts'
import { tokenEndpoint } from './token-endpoint.ts'
import { userInfoEndpoint } from './user-info-endpoint.ts'
import type { EndpointName } from './options.ts'
import type { Settings } from './settings.ts'

/** An endpoint, and what it understands. */
export interface Route {
  /** What `GET`, `HEAD` and `OPTIONS` are besides; absent: every method. */
  readonly methods?: readonly string[]
  readonly answer: Endpoint
  /** Whether a `POST` brings form fields. */
  readonly form: boolean
  /** A page for a person: other origins must not read it. */
  readonly page?: true
}

/** All endpoints. */
export const routes: Readonly<Record<EndpointName, Route>> = {
  metadata: { methods: ['GET', 'HEAD'], answer: metadataEndpoint, form: false },
  jwks: { methods: ['GET', 'HEAD'], answer: jwksEndpoint, form: false },
  authorization: { methods: ['GET', 'POST'], answer: authorizationEndpoint, form: true, page: true },
  pushedAuthorization: { methods: ['POST'], answer: pushedAuthorizationEndpoint, form: true },
  token: { methods: ['POST'], answer: tokenEndpoint, form: true },
  revocation: { methods: ['POST'], answer: revocationEndpoint, form: true },
  userInfo: { methods: ['GET', 'POST'], answer: userInfoEndpoint, form: false },
  deviceAuthorization: { methods: ['POST'], answer: deviceAuthorizationEndpoint, form: true },
  verification: { methods: ['GET', 'POST'], answer: verificationEndpoint, form: true, page: true },
  endSession: { methods: ['GET', 'POST'], answer: endSessionEndpoint, form: true, page: true },
  api: { answer: apiEndpoint, form: false },
}

/** Which endpoint stands at `url`. */
export function endpointAt({ endpoints, metadata, origin }: Settings, url: URL): EndpointName | undefined {
  const place = origin + url.pathname
  if (place === metadata.oauth || place === metadata.openid) return 'metadata'
  if (place.startsWith(`${endpoints.api}/`)) return 'api'
  const found = Object.entries(endpoints).find(([, address]) => address === place)
  return found?.[0] as EndpointName | undefined
}
