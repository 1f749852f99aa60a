import type { StoredRecord } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { entryFields, readEntry } from './auth-entry.ts'
import { editObject, indentOf, membersOf } from './edit-object.ts'
import { frozen } from './frozen.ts'

/** The text of an `auth.json`, understood. */
export interface AuthDocument {
  get(key: string): StoredRecord | undefined
  keys(): string[]
  /** Says how the text reads when `key` holds `record`, or nothing. All other characters stay as they are. */
  with(
    key: string,
    record: StoredRecord | undefined,
  ): { readonly text: string; readonly record: StoredRecord | undefined }
}

/**
 * Reads the text of an `auth.json`: one JSON object, a member for each account slot.
 *
 * No text, and a byte order mark, are understood as Pi does. Of two members with the same name the
 * last counts; such a text is never edited.
 *
 * @param where The file, for errors.
 * @throws OAuthError `store_corrupt` when it is no JSON object, or the entry asked for is malformed.
 */
export function authDocument(text: string, where: string): AuthDocument {
  const json = text.replace(/^\uFEFF/, '')
  const entries = parse(json === '' ? '{}' : json, where)
  const records = new Map<string, StoredRecord | undefined>()

  function get(key: string): StoredRecord | undefined {
    const known = records.get(key)
    if (known !== undefined || !Object.hasOwn(entries, key)) return known
    const record = readEntry(entries[key])
    if (record === 'malformed') throw corrupt(where, `its entry ${JSON.stringify(key)} is malformed`)
    const fixed = frozen(record)
    records.set(key, fixed)
    return fixed
  }

  return {
    get,
    keys: () => Object.keys(entries).filter((key) => typeof readEntry(entries[key]) === 'object'),
    with(key, record) {
      const current = get(key)
      if (record === undefined && current === undefined) return { text, record }
      if (Object.hasOwn(entries, key) && typeOf(entries[key]) !== 'oauth') {
        throw new OAuthError('store_denied', { where, reason: `its entry ${JSON.stringify(key)} is no OAuth entry` })
      }
      refuseDuplicates(json, where)
      const edited = edit(json, key, record)
      return { text: json === text ? edited : `\uFEFF${edited}`, record: authDocument(edited, where).get(key) }
    },
  }

  function edit(source: string, key: string, record: StoredRecord | undefined): string {
    const target = source === '' ? '{}' : source
    if (record === undefined) return editObject(target, new Map([[key, undefined]]))
    const members = membersOf(target)
    const member = members.find(({ name }) => name === key)
    const template = member ?? members.at(-1)
    const indent = template === undefined ? '\n  ' : indentOf(target, template)
    const entry = member === undefined ? emptyEntry(indent) : target.slice(member.valueStart, member.end)
    if (member !== undefined) refuseDuplicates(entry, where)
    return editObject(target, new Map([[key, editEntry(entry, record, indent)]]))
  }
}

/** Sets our fields and keeps the others. */
function editEntry(entry: string, record: StoredRecord, indent: string): string {
  const last = membersOf(entry).at(-1)
  const inner = last === undefined ? indent : indentOf(entry, last)
  const before: Readonly<Record<string, unknown>> = JSON.parse(entry)
  const changes = new Map<string, string | undefined>()
  for (const [name, value] of entryFields(record)) {
    const now = JSON.stringify(value)
    if (now !== JSON.stringify(Object.hasOwn(before, name) ? before[name] : undefined)) {
      changes.set(name, inner.includes('\n') ? JSON.stringify(value, undefined, 2)?.replaceAll('\n', inner) : now)
    }
  }
  return editObject(entry, changes)
}

/** `type` is the first field of an entry, and says by its place how the others are set. */
function emptyEntry(indent: string): string {
  return indent.includes('\n') ? `{${indent}  "type": "oauth"${indent}}` : '{"type":"oauth"}'
}

function parse(json: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    // The parser's message quotes the text, tokens included.
    throw corrupt(where, 'it is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw corrupt(where, 'it is not a JSON object')
  return value as Readonly<Record<string, unknown>>
}

function refuseDuplicates(json: string, where: string): void {
  const names = membersOf(json === '' ? '{}' : json).map(({ name }) => name)
  if (new Set(names).size < names.length) throw corrupt(where, 'a name occurs twice in it')
}

function typeOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'type' in entry ? entry.type : undefined
}

function corrupt(where: string, reason: string): OAuthError<'store_corrupt'> {
  return new OAuthError('store_corrupt', { where, reason })
}
