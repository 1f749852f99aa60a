/** Where one member stands in the text of a JSON object. */
export interface Member {
  readonly name: string
  /** Of the name's first quote. */
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/**
 * Finds the members of the JSON object in `text`, duplicates included.
 *
 * `text` must be valid JSON: let `JSON.parse` judge it first.
 */
export function membersOf(text: string): Member[] {
  const members: Member[] = []
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at)
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const end = valueEnd(text, valueStart)
    members.push({ name: JSON.parse(text.slice(at, nameEnd)), start: at, valueStart, end })
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return members
}

/**
 * Changes members of the JSON object in `text` and leaves every other character as it is.
 *
 * @param changes names, with the JSON text of the new value, or `undefined` to remove the member.
 * No changed name may occur twice in `text`.
 */
export function editObject(text: string, changes: ReadonlyMap<string, string | undefined>): string {
  let edited = text
  for (const [name, value] of changes) {
    const members = membersOf(edited)
    const index = members.findIndex((member) => member.name === name)
    const member = members[index]
    if (member === undefined) edited = value === undefined ? edited : insert(edited, members.at(-1), name, value)
    else if (value === undefined) edited = remove(edited, members, index)
    else edited = edited.slice(0, member.valueStart) + value + edited.slice(member.end)
  }
  return edited
}

/** The white space before a member, which says how this text is indented. */
export function indentOf(text: string, member: Member): string {
  return text.slice(text.slice(0, member.start).trimEnd().length, member.start)
}

function insert(text: string, last: Member | undefined, name: string, value: string): string {
  const quoted = JSON.stringify(name)
  if (last === undefined) {
    const open = text.indexOf('{') + 1
    return `${text.slice(0, open)}\n  ${quoted}: ${value}\n${text.slice(skipSpace(text, open))}`
  }
  const indent = indentOf(text, last)
  const colon = text.slice(stringEnd(text, last.start), last.valueStart)
  return `${text.slice(0, last.end)},${indent}${quoted}${colon}${value}${text.slice(last.end)}`
}

function remove(text: string, members: readonly Member[], index: number): string {
  const [before, member, after] = [members[index - 1], members[index], members[index + 1]]
  if (member === undefined) return text
  if (after !== undefined) return text.slice(0, member.start) + text.slice(after.start)
  if (before !== undefined) return text.slice(0, before.end) + text.slice(member.end)
  return text.slice(0, text.indexOf('{') + 1) + text.slice(skipSpace(text, member.end))
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1
  return at
}

function stringEnd(text: string, quote: number): number {
  let at = quote + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function valueEnd(text: string, start: number): number {
  let at = start
  let depth = 0
  do {
    const char = text[at]
    if (char === '"') at = stringEnd(text, at)
    else {
      if (char === '{' || char === '[') depth += 1
      if (char === '}' || char === ']') depth -= 1
      at += 1
    }
  } while (depth > 0)
  if (text[start] === '"' || text[start] === '{' || text[start] === '[') return at
  while (at < text.length && !' \t\n\r,}]'.includes(text.charAt(at))) at += 1
  return at
}
