/**
 * Bytes as text (RFC 4648 §5, without padding).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4648#section-5 RFC 4648 §5}
 */
export function toBase64url(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of a text; `undefined` unless it is the one text that `toBase64url` gives for them. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
    // The decoder is lenient, and the last character has bits to spare: two texts would say the same.
    return toBase64url(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
