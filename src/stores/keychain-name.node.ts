import { createHash } from 'node:crypto'

/** Also the name of a file, that of the lock, which others add to. */
const longest = 150

/** What holds the list of all keys. No key has this name. */
export const indexName = '#keys'

/**
 * The name of a key's item: readable where the key is plain, always ASCII, and never the same for two
 * keys, even where a keychain does not tell `A` from `a`.
 */
export function keychainName(key: string): string {
  const name = key.replace(/[^a-z0-9._@-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (name !== '' && name.length <= longest) return name
  return `%${createHash('sha256').update(name).digest('hex')}%`
}
