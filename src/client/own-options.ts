/**
 * Copies the options that a caller gave to `name`, so that nothing changes under our hands and nothing
 * comes from a prototype that somebody has polluted.
 *
 * Throws a `TypeError` for what is no object, for one that cannot be read, and for a `signal` that is none.
 */
export function ownOptions<O extends object>(name: string, options: O | undefined): O {
  const own = Object.create(null) as O & { signal?: unknown }
  if (options === undefined) return own
  if (typeof options !== 'object' || options === null) throw new TypeError(`${name} takes its options as an object.`)
  try {
    Object.assign(own, options)
  } catch {
    throw new TypeError(`The options of ${name} cannot be read.`)
  }
  if (own.signal === null) delete own.signal
  const { signal } = own
  if (signal !== undefined && !holds(() => isSignal(signal))) {
    throw new TypeError(`${name}: signal must be an AbortSignal.`)
  }
  return own
}

/** Whether `check` finds what it looks for. What cannot even be looked at does not have it. */
export function holds(check: () => boolean): boolean {
  try {
    return check()
  } catch {
    return false
  }
}

/** Also true for a signal of another realm. */
function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { aborted, addEventListener } = value as { readonly aborted?: unknown; readonly addEventListener?: unknown }
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}

/** The kinds of value that a compiler would have checked. */
export type Kind = 'string' | 'boolean' | 'function' | 'strings' | 'texts' | 'object'

/**
 * Checks the members that `kinds` names, where they are there.
 *
 * Throws a `TypeError` that names the member, never its value.
 */
export function checkKinds(members: object, kinds: Readonly<Record<string, Kind>>, prefix = ''): void {
  for (const [name, kind] of Object.entries(kinds)) {
    const value = (members as Readonly<Record<string, unknown>>)[name]
    if (value === undefined || holds(() => isKind(value, kind))) continue
    throw new TypeError(`${prefix}${name} must be ${words[kind]}.`)
  }
}

const words: Readonly<Record<Kind, string>> = {
  string: 'a string',
  boolean: 'true or false',
  function: 'a function',
  strings: 'an array of strings',
  texts: 'an object whose values are strings',
  object: 'an object',
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === 'strings') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  if (kind !== 'texts' && kind !== 'object') return typeof value === kind
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return kind === 'object' || Object.values(value).every((item) => typeof item === 'string')
}
