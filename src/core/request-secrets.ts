/** The fields of a request that nobody else may read. */
const secretFields = [
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
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
  const plain = [...fields, credentials, basicSecret(headers['authorization'])].filter((secret) => secret !== '')
  return plain.flatMap((secret) => [secret, encodeURIComponent(secret), formEncoded(secret)])
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 RFC 6749, section 2.3.1} */
function basicSecret(authorization: string | undefined): string {
  const encoded = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return ''
  const [, ...rest] = atob(encoded).split(':')
  return new URLSearchParams(`secret=${rest.join(':')}`).get('secret') ?? ''
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
