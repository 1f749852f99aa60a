/**
 * Reads an error that an API wrote in its own way, `{ error: { type, code, message, details } }`, instead
 * of as RFC 6749, section 5.2 says. Its most telling code wins: details before code before type.
 */
export function nestedError(body: unknown): { readonly error: string; readonly description?: string } | undefined {
  const error = member(body, 'error')
  const code = [member(member(error, 'details'), 'error_code'), member(error, 'code'), member(error, 'type')].find(
    (candidate) => typeof candidate === 'string' && candidate !== '',
  )
  if (typeof code !== 'string') return undefined
  const message = member(error, 'message')
  return typeof message === 'string' ? { error: code, description: message } : { error: code }
}

/** The own member `name`, where `value` is an object that has it. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
