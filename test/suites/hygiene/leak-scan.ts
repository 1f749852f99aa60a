/** Every text in which something could leak that `value` leads to: what a log, an inspector or a serializer could show. */
export function textsOf(value: unknown, depth = 10): string[] {
  const texts: string[] = []
  const seen = new Set<unknown>()

  function attempt(read: () => unknown): unknown {
    try {
      return read()
    } catch {
      return undefined
    }
  }

  function visit(item: unknown, left: number): void {
    if (typeof item === 'string') texts.push(item)
    if (typeof item === 'symbol') texts.push(String(item))
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null || left < 0 || seen.has(item)) return
    seen.add(item)
    texts.push(String(attempt(() => String(item))), String(attempt(() => JSON.stringify(item))))
    if (item instanceof Map) for (const entry of item) visit(entry, left - 1)
    if (item instanceof Set) for (const entry of item) visit(entry, left - 1)
    if (item instanceof URL || item instanceof URLSearchParams) texts.push(String(item))
    if (item instanceof Headers) for (const entry of item) visit(entry, left - 1)
    // Own members, also hidden ones; and what an error's class adds.
    for (const key of Reflect.ownKeys(item)) {
      visit(key, left - 1)
      visit(
        attempt(() => (item as Record<PropertyKey, unknown>)[key]),
        left - 1,
      )
    }
    if (item instanceof Error)
      for (const key of ['message', 'stack', 'cause', 'name'] as const) visit(item[key], left - 1)
  }

  visit(value, depth)
  return texts
}

/** The names of the secrets that `value` shows, in any usual encoding. */
export function leaksIn(value: unknown, secrets: ReadonlyMap<string, string>): string[] {
  const text = textsOf(value).join('\n')
  return [...secrets]
    .filter(([secret]) => encodings(secret).some((form) => text.includes(form)))
    .map(([, name]) => name)
}

function encodings(secret: string): string[] {
  const base64 = btoa(secret)
  return [
    secret,
    encodeURIComponent(secret),
    base64,
    base64.replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_'),
  ]
}
