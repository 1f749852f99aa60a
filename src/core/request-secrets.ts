/** The fields of a request that nobody else may read. */
const secretFields = [
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_auth_id',
  'device_code',
  'nonce',
  'refresh_token',
  'state',
  'token',
]

/**
 * What a request holds that a server might repeat in an error text: as it is, and as it was encoded
 * on the way.
 */
export function requestSecrets(
  headers: Readonly<Record<string, string>>,
  body: URLSearchParams | undefined,
): readonly string[] {
  const fields = secretFields.flatMap((name) => body?.get(name) ?? [])
  const credentials = headers['authorization']?.replace(/^\S+ +/, '') ?? ''
  const plain = [...fields, credentials, ...basicSecret(headers['authorization'])].filter((secret) => secret !== '')
  return plain.flatMap((secret) => [secret, encodeURIComponent(secret), formEncoded(secret)])
}

/** The secret of Basic credentials, as it was encoded and as it is (RFC 6749 §2.3.1). */
function basicSecret(authorization: string | undefined): readonly string[] {
  const credentials = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (credentials === undefined) return []
  const encoded = atob(credentials).split(':').slice(1).join(':')
  return [encoded, new URLSearchParams(`secret=${encoded}`).get('secret') ?? '']
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
