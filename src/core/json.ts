/** A JSON object whose members are only ever read as own properties. */
export type JsonMembers = Readonly<Record<string, unknown>>

/** Parses `text`, and gives its own members on an object without a prototype, or `undefined`. */
export function jsonMembers(text: string): JsonMembers | undefined {
  try {
    return asMembers(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The own members of `value`, where it is an object and no array. */
export function asMembers(value: unknown): JsonMembers | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.assign(Object.create(null) as Record<string, unknown>, value)
}

/** The member `name`, where it is a string that is not empty. */
export function stringMember(members: JsonMembers | undefined, name: string): string | undefined {
  const value = members?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
