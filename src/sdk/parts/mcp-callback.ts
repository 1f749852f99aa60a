import type { Transaction } from '../../contracts.ts'
import { OAuthError, untrustedText } from '../../errors.ts'
import type { MCPClientInformation, MCPDiscovery, MCPProviderOptions } from './mcp-shapes.ts'

/** What a transaction of this provider carries besides: what the SDK will ask for when it ends. */
export interface CarriedState {
  readonly discovery?: MCPDiscovery
  readonly client?: MCPClientInformation
}

/** A callback that may be exchanged, and the sign-in that it ends. */
export interface CheckedCallback {
  readonly params: URLSearchParams
  readonly code: string
  readonly transaction: Transaction
  readonly carried: CarriedState
}

/** What the server's metadata says of the `iss` parameter (RFC 9207 §3). */
interface ServerMetadata {
  readonly authorizationServerMetadata?: { readonly authorization_response_iss_parameter_supported?: unknown }
}

/** Takes the transaction that a callback belongs to, and checks state, then issuer, then error and code. */
export async function checkCallback(
  { transactions, key, clock = Date }: Pick<MCPProviderOptions, 'transactions' | 'key' | 'clock'>,
  callback: URL | URLSearchParams | string,
): Promise<CheckedCallback> {
  const params = readCallback(callback)
  const state = params.get('state') ?? ''
  if (state === '') throw new OAuthError('state_mismatch', { reason: 'missing' })
  const transaction = await transactions.take(state)
  if (transaction?.state !== state) throw new OAuthError('state_mismatch', { reason: 'unknown' })
  if (transaction.slot !== key) {
    await transactions.put(transaction)
    throw new OAuthError('state_mismatch', { reason: 'unknown' })
  }
  const { startedAt, expiresAt } = transaction
  if (clock.now() >= expiresAt) throw new OAuthError('transaction_expired', { after: expiresAt - startedAt })
  const carried = (transaction.appState ?? {}) as CarriedState
  checkIssuer(params.get('iss'), transaction, carried.discovery)
  const [error, code] = [params.get('error'), params.get('code') ?? '']
  if (error !== null) throw refusal(error, params.get('error_description'), [state, transaction.codeVerifier])
  if (code === '') throw new OAuthError('invalid_callback', { reason: 'it carries neither a code nor an error.' })
  return { params, code, transaction, carried }
}

function readCallback(callback: URL | URLSearchParams | string): URLSearchParams {
  const params = callback instanceof URLSearchParams ? new URLSearchParams(callback) : searchOf(callback)
  for (const name of ['state', 'iss', 'error', 'code']) {
    if (params.getAll(name).length < 2) continue
    throw new OAuthError('invalid_callback', { reason: `the parameter ${name} appears more than once.` })
  }
  return params
}

function searchOf(callback: URL | string): URLSearchParams {
  try {
    return new URL(callback).searchParams
  } catch {
    throw new OAuthError('invalid_callback', { reason: 'it is not a URL.' })
  }
}

function checkIssuer(received: string | null, { issuer }: Transaction, discovery: MCPDiscovery | undefined): void {
  const { authorizationServerMetadata } = (discovery ?? {}) as ServerMetadata
  const announced = authorizationServerMetadata?.authorization_response_iss_parameter_supported === true
  if (received === null && !announced) return
  if (received === issuer) return
  const shown = untrustedText(received)
  throw new OAuthError('issuer_mismatch', { expected: issuer, ...(shown !== undefined && { received: shown }) })
}

function refusal(error: string, description: string | null, secrets: readonly string[]): OAuthError {
  const shown = untrustedText(description, secrets)
  const told = shown === undefined ? {} : { description: shown }
  if (error === 'access_denied') return new OAuthError('access_denied', told)
  const readable = /^[\w.-]{1,100}$/.test(error) && !secrets.some((secret) => error.includes(secret))
  return new OAuthError('authorization_failed', {
    error: readable ? error : 'unreadable',
    ...told,
    endpoint: 'authorization',
  })
}
