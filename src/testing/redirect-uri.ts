const loopback = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Whether `uri` is one of the registered ones: the same text, except for the port on loopback.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-7.3 RFC 8252, section 7.3}
 */
export function isRegisteredUri(registered: readonly string[], uri: string): boolean {
  return registered.some((known) => known === uri || (isLoopback(known) && withoutPort(known) === withoutPort(uri)))
}

function isLoopback(uri: string): boolean {
  const url = URL.canParse(uri) ? new URL(uri) : undefined
  return url?.protocol === 'http:' && loopback.includes(url.hostname)
}

// Of the text, not of the parsed URL: whatever else differs must still differ.
function withoutPort(uri: string): string {
  return uri.replace(/^(http:\/\/[^/?#]+?):\d{1,5}(?=[/?#]|$)/, '$1')
}
