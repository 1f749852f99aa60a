import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import type { JWK } from 'jose'
import type { Call, Context } from './context.ts'
import type { ClientAuthMethod, GrantType, RegisteredClient } from './options.ts'
import { refuse } from './refusal.ts'

interface Credentials {
  readonly method: ClientAuthMethod
  readonly clientId: string
  readonly secret: string
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Finds out which client is asking and whether it proves it in the way it is registered for.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3 RFC 6749, section 2.3}
 */
export async function authenticateClient(context: Context, call: Call): Promise<RegisteredClient> {
  const credentials = readCredentials(call)
  call.entry.clientId = credentials.clientId
  call.entry.authMethod = credentials.method
  const client = context.settings.clients.find(({ clientId }) => clientId === credentials.clientId)
  if (client === undefined) return unauthorized(credentials, 'The client is unknown.')
  const expected = client.authMethod ?? 'none'
  if (credentials.method !== expected) return unauthorized(credentials, `The client must authenticate by ${expected}.`)
  if (expected === 'private_key_jwt') await checkAssertion(context, call, { client, credentials })
  else if (expected !== 'none' && !sameSecret(client.clientSecret ?? '', credentials.secret)) {
    return unauthorized(credentials, 'The client secret is wrong.')
  }
  return client
}

/** Refuses a grant that the client is not registered for. */
export function requireGrant(client: RegisteredClient, grant: GrantType): void {
  const granted = client.grantTypes ?? defaultGrants(client)
  if (!granted.includes(grant)) refuse('unauthorized_client', 'The client may not use this grant.')
}

/** Whether the client may hold refresh tokens. */
export function mayRefresh(client: RegisteredClient): boolean {
  return (client.grantTypes ?? defaultGrants(client)).includes('refresh_token')
}

function defaultGrants({ authMethod = 'none' }: RegisteredClient): readonly GrantType[] {
  const usual: GrantType[] = ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code']
  return authMethod === 'none' ? usual : [...usual, 'client_credentials']
}

function readCredentials({ params, request }: Call): Credentials {
  const authorization = request.headers.get('authorization')
  const ways = [authorization, params.get('client_secret'), params.get('client_assertion')]
  if (ways.filter((way) => way !== null).length > 1) {
    refuse('invalid_request', 'The client authenticates in more than one way.')
  }
  const clientId = params.get('client_id') ?? ''
  if (authorization !== null) return basicCredentials(authorization, clientId)
  if (params.has('client_assertion')) return assertionCredentials(params)
  const secret = params.get('client_secret')
  return { method: secret === null ? 'none' : 'client_secret_post', clientId, secret: secret ?? '' }
}

function basicCredentials(authorization: string, clientId: string): Credentials {
  const encoded = /^basic +([\w+/]+=*)$/i.exec(authorization)?.[1]
  const [id, ...rest] = encoded === undefined ? [] : decodeBase64(encoded).split(':')
  const credentials: Credentials = {
    method: 'client_secret_basic',
    clientId: formDecoded(id ?? ''),
    secret: formDecoded(rest.join(':')),
  }
  if (encoded === undefined) return unauthorized(credentials, 'The Authorization header cannot be read.')
  if (clientId !== '' && clientId !== credentials.clientId) refuse('invalid_request', 'Two clients are named.')
  return credentials
}

function assertionCredentials(params: URLSearchParams): Credentials {
  const secret = params.get('client_assertion') ?? ''
  const credentials = { method: 'private_key_jwt', clientId: params.get('client_id') ?? '', secret } as const
  if (params.get('client_assertion_type') !== assertionType) {
    refuse('invalid_request', 'client_assertion_type is not known.')
  }
  try {
    return { ...credentials, clientId: decodeJwt(secret).sub ?? '' }
  } catch {
    return unauthorized(credentials, 'The client assertion cannot be read.')
  }
}

/** RFC 7523, section 3; an assertion is good once. */
async function checkAssertion(
  { clock, ledger, settings }: Context,
  { params }: Call,
  { client, credentials }: { readonly client: RegisteredClient; readonly credentials: Credentials },
): Promise<void> {
  const keys = createLocalJWKSet({ keys: (client.jwks ?? []).map((key) => ({ ...key }) as JWK) })
  const claims = await jwtVerify(credentials.secret, keys, {
    issuer: client.clientId,
    subject: client.clientId,
    audience: [settings.issuer, settings.endpoints.token],
    currentDate: new Date(clock.now()),
    requiredClaims: ['exp', 'jti'],
  }).then(
    ({ payload }) => payload,
    () => undefined,
  )
  const named = params.get('client_id')
  if (claims === undefined || (named !== null && named !== client.clientId)) {
    return unauthorized(credentials, 'The client assertion does not verify.')
  }
  const seen = `assertion ${client.clientId} ${claims.jti}`
  if (ledger.seen.has(seen)) return unauthorized(credentials, 'The client assertion was used before.')
  ledger.seen.add(seen)
}

function unauthorized({ method }: Credentials, description: string): never {
  const basic = method === 'client_secret_basic'
  return refuse('invalid_client', description, {
    status: 401,
    headers: basic ? { 'www-authenticate': 'Basic realm="authorization server", charset="UTF-8"' } : {},
  })
}

function sameSecret(expected: string, received: string): boolean {
  return expected !== '' && expected === received
}

function decodeBase64(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
  } catch {
    return ''
  }
}

function formDecoded(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
}
