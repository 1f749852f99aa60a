/** The claims of a JWT, unproven; nothing where it is none. Its text is base64url, which `atob` alone cannot read. */
export function jwtClaims(jwt: unknown): Readonly<Record<string, unknown>> | undefined {
  const payload = typeof jwt === 'string' ? jwt.split('.')[1] : undefined
  if (payload === undefined) return undefined
  try {
    const bytes = atob(payload.replaceAll('-', '+').replaceAll('_', '/'))
    const text = new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
    const claims: unknown = JSON.parse(text)
    return typeof claims === 'object' && claims !== null ? (claims as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
