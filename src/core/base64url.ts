/**
 * Bytes as text (RFC 4648 §5, without padding).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4648#section-5 RFC 4648, section 5}
 */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of such a text. Throws where it is none. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  // `atob` would take padding, spaces and the other alphabet too.
  if (/[^\w-]/.test(text)) throw new TypeError('This is not base64url.')
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}
