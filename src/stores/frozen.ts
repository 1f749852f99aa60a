/**
 * Copies what is made of plain objects and arrays, and freezes the copy at every depth.
 *
 * Anything else, such as a `CryptoKey`, is kept as it is. An own `__proto__` stays an own property.
 */
export function frozen<T>(value: T): T {
  return freeze(value) as T
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(freeze))
  if (!isPlain(value)) return value
  const copy = { ...value }
  for (const name of Object.keys(copy)) copy[name] = freeze(copy[name])
  return Object.freeze(copy)
}

/** Also true for the plain objects of another realm, such as a frame's. */
function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
