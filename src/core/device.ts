import {
  deviceAuthorizationRequest,
  deviceCodeGrantRequest,
  processDeviceAuthorizationResponse,
  processDeviceCodeResponse,
} from 'oauth4webapi'

import { isOAuthError, OAuthError, untrustedText } from '../errors.ts'
import { readAccount } from './account.ts'
import { call } from './call.ts'
import type { Parties } from './call.ts'
import { isLoopback, parseUrl } from './endpoint.ts'
import { proveIdToken } from './id-token.ts'
import { jsonMembers } from './json.ts'
import type { JsonMembers } from './json.ts'
import { knownMembers, readTokens, tokenMembers, withIdToken } from './token-answer.ts'
import type { Grant } from './token-answer.ts'
import { unusable } from './unusable.ts'
import { wire } from './wire.ts'

/** What a device sign-in asks for. */
export interface DeviceRequest {
  readonly scopes: readonly string[]
  readonly resource?: string
  readonly signal?: AbortSignal
}

/** What the person must be shown, and what the polls need. The texts are the server's: untrusted. */
export interface DeviceAuthorization {
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete?: string
  readonly expiresAt: number
  /** Between polls, in milliseconds. */
  readonly interval: number
  /** A secret of this device. Not for people. */
  readonly deviceCode: string
}

/** RFC 8628 §3.2: "If no value is provided, clients MUST use 5 as the default." */
const defaultInterval = 5000

/** A day, in milliseconds: a wait for longer than that is no wait. */
const longestLife = 24 * 60 * 60_000

/**
 * Begins a sign-in on another device.
 *
 * @example
 * ```ts
 * const device = await authorizeDevice(parties, { scopes: ['openid'] })
 * console.error(`Visit ${device.verificationUri} and enter ${device.userCode}.`)
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.1 RFC 8628, section 3.1}
 */
export async function authorizeDevice(parties: Parties, request: DeviceRequest): Promise<DeviceAuthorization> {
  const { server, client, auth } = wire(parties)
  const { scopes, resource, signal } = request
  const extra = { scope: scopes.join(' ') || undefined, resource }
  const dialect = parties.provider.beginDeviceLogin
  const answer = await call(parties, { endpoint: 'device_authorization', signal, extra, dialect }, (options) =>
    deviceAuthorizationRequest(server, client, auth, {}, options),
  )
  const members = jsonMembers(answer.text)
  const { status } = answer.response
  const judged = new Response(JSON.stringify(withoutInterval(members)), { status })
  const body = await processDeviceAuthorizationResponse(server, client, judged).catch((error: unknown) => {
    throw unusable('device_authorization', error, status)
  })
  const verificationUri = safeUri(parties, body.verification_uri)
  const userCode = untrustedText(body.user_code)
  if (verificationUri === undefined || userCode === undefined) {
    throw new OAuthError('invalid_response', {
      endpoint: 'device_authorization',
      reason: 'its verification_uri or user_code cannot be shown.',
    })
  }
  const complete = safeUri(parties, body.verification_uri_complete)
  return {
    userCode,
    verificationUri,
    ...(complete !== undefined && { verificationUriComplete: complete }),
    expiresAt: answer.sentAt + Math.min(body.expires_in * 1000, longestLife),
    interval: intervalOf(members),
    deviceCode: body.device_code,
  }
}

/** oauth4webapi takes positive numbers only, and servers also send `"5"`, `0` and `null`. */
function withoutInterval(members: JsonMembers | undefined): unknown {
  return members === undefined ? undefined : { ...members, interval: undefined }
}

function intervalOf(members: JsonMembers | undefined): number {
  const value = members?.['interval']
  const seconds = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return defaultInterval
  return Math.min(Math.max(1, seconds) * 1000, longestLife)
}

function safeUri(parties: Parties, value: string | undefined): string | undefined {
  const url = value === undefined ? undefined : parseUrl(value)
  if (url === undefined || url.username !== '' || url.password !== '') return undefined
  if (url.protocol === 'https:') return url.href
  return url.protocol === 'http:' && isLoopback(url) && parties.world.allowInsecureLoopback ? url.href : undefined
}

/**
 * Polls until the person has answered: as often as the server wishes, less often when it says
 * `slow_down` or does not answer in time, never after the device code has expired.
 *
 * Errors: `access_denied`, `transaction_expired`, `aborted`, and what the server refuses.
 *
 * @example
 * ```ts
 * const { tokens } = await pollDevice(parties, device, { scopes: ['openid'] })
 * ```
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628#section-3.5 RFC 8628, section 3.5}
 */
export async function pollDevice(
  parties: Parties,
  device: DeviceAuthorization,
  request: Pick<DeviceRequest, 'scopes' | 'signal'>,
): Promise<Grant> {
  const { clock } = parties.world
  const startedAt = clock.now()
  let { interval } = device
  let pollAt = startedAt + interval
  for (;;) {
    await clock.sleep(Math.min(pollAt, device.expiresAt) - clock.now(), request.signal)
    if (request.signal?.aborted === true) throw new OAuthError('aborted', {})
    if (clock.now() >= device.expiresAt) throw expired(device, startedAt)
    try {
      return await poll(parties, device, request.scopes)
    } catch (error) {
      if (isExpiredToken(error)) throw expired(device, startedAt)
      interval = nextInterval(error, interval)
      pollAt = Math.max(clock.now() + interval, retryAtOf(error))
    }
  }
}

/** How long to wait before the next poll, or the error again where there shall be none. */
function nextInterval(error: unknown, interval: number): number {
  if (!isOAuthError(error)) throw error
  if (error.code === 'timeout' || error.code === 'network') return interval * 2
  if (error.code === 'server_error' || error.code === 'rate_limited') return interval + 5000
  if (error.code !== 'authorization_failed') throw error
  if (error.detail.error === 'authorization_pending') return interval
  if (error.detail.error === 'slow_down') return interval + 5000
  throw error
}

function retryAtOf(error: unknown): number {
  return (isOAuthError(error) && 'retryAt' in error.detail && error.detail.retryAt) || 0
}

function isExpiredToken(error: unknown): boolean {
  return isOAuthError(error) && error.code === 'authorization_failed' && error.detail.error === 'expired_token'
}

function expired(device: DeviceAuthorization, startedAt: number): OAuthError {
  return new OAuthError('transaction_expired', { after: Math.max(0, device.expiresAt - startedAt) })
}

async function poll(parties: Parties, device: DeviceAuthorization, scopes: readonly string[]): Promise<Grant> {
  const { server, client, auth } = wire(parties)
  const answer = await call(parties, { endpoint: 'token', dialect: parties.provider.pollDeviceLogin }, (options) =>
    deviceCodeGrantRequest(server, client, auth, device.deviceCode, options),
  )
  const members = tokenMembers(answer)
  const judged = knownMembers(answer, members, { idToken: scopes.includes('openid') })
  const body = await processDeviceCodeResponse(server, client, judged).catch((error: unknown) => {
    throw unusable('token', error, answer.response.status)
  })
  const tokens = readTokens(answer, members, { parties, scopes })
  const claims = await proveIdToken(parties, body)
  return withIdToken(tokens, claims && body.id_token, readAccount(parties.provider, members, claims))
}
