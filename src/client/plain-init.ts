/**
 * The request as most programs write it, with the token added: its own members and its own headers, and
 * no object of the platform's has to be built. `undefined` for any other kind, which has to be read with care.
 */
export function plainInit(init: RequestInit | undefined, authorization: string): RequestInit | undefined {
  if (init === undefined) return { headers: { authorization }, redirect: 'manual' }
  try {
    const { headers: given, signal, redirect } = init
    if (redirect !== undefined && redirect !== 'manual') return undefined
    if (signal !== undefined && !(signal instanceof AbortSignal)) return undefined
    const headers = isPlain(init) ? plainHeaders(given, authorization) : undefined
    return headers && { ...init, headers, redirect: 'manual' }
  } catch {
    return undefined
  }
}

function plainHeaders(given: HeadersInit | undefined, authorization: string): Record<string, string> | undefined {
  if (given === undefined) return { authorization }
  // Also where somebody has polluted the prototype: then they need not be the caller's.
  if (!isPlain(given) || (Object.prototype as RequestInit).headers !== undefined) return undefined
  // A token of the caller's own would be a second one.
  for (const name in given) if (name.length === 13 && name.toLowerCase() === 'authorization') return undefined
  return { ...(given as Record<string, string>), authorization }
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype
}
