import { createHash, randomInt } from 'node:crypto'
import { OAuthError } from '../errors.ts'
import type { KeychainAccess } from './keychain-access.node.ts'

/**
 * The head of an item: `latchkey1:<parts>:<generation>:<checksum>:<text>`. Either it holds the text itself,
 * or so many parts lie beside it, on one of two sides: the next generation's go to the other side, and
 * with the head everything changes at once.
 */
interface Head {
  readonly parts: number
  readonly generation: number
  readonly checksum: string
  readonly text: string
}

/** Whoever reads without a lock may see a text go while they read it; to see that so often is no accident. */
const mostReads = 10

/**
 * Reads an item; `undefined` when there is none.
 *
 * @throws OAuthError `store_corrupt` when it is cut, torn or not ours, `timeout`; or what the keychain throws.
 */
export async function readItem(keychain: KeychainAccess, name: string): Promise<string | undefined> {
  const began = performance.now()
  for (let read = 0; read < mostReads; read += 1) {
    const text = await keychain.get(name)
    if (text === undefined) return undefined
    const head = parseHead(text)
    const whole = head === undefined ? undefined : await assembled(keychain, name, head)
    if (head !== undefined && whole !== undefined && checksumOf(whole) === head.checksum) return whole
    if ((await keychain.get(name)) === text) throw incomplete(name)
  }
  throw new OAuthError('timeout', { what: 'others to stop writing', after: Math.ceil(performance.now() - began) })
}

function incomplete(name: string): OAuthError {
  const where = `The keychain's item ${JSON.stringify(name)}`
  return new OAuthError('store_corrupt', { where, reason: 'it is incomplete, or not ours' })
}

/**
 * Writes an item and reads it back: some keychains accept what they do not keep. A crash leaves the
 * old or the new text.
 *
 * @param allowed Asked last, when only the head is left to write.
 * @returns Whether it was allowed.
 * @throws OAuthError `persist_failed`; or what the keychain throws.
 */
export async function writeItem(
  keychain: KeychainAccess,
  name: string,
  text: string,
  allowed: () => boolean,
): Promise<boolean> {
  const most = await keychain.maxLength()
  const before = most === Number.POSITIVE_INFINITY ? undefined : parseHead((await keychain.get(name)) ?? '')
  // Never told from another by chance: the same text may be written again while somebody reads.
  const generation = (before?.generation ?? randomInt(2 ** 40)) + 1
  const side = sideOf(generation)
  const head = { parts: 0, generation, checksum: checksumOf(text) }
  const inline = headText({ ...head, text })
  const parts = inline.length <= most ? [] : Array.from(pieces(text, most))
  for (const [index, part] of parts.entries()) await keychain.set(partName(name, side, index), part)
  if (!allowed()) return false
  await keychain.set(name, parts.length === 0 ? inline : headText({ ...head, parts: parts.length, text: '' }))
  if ((await readItem(keychain, name)) !== text) {
    throw new OAuthError('persist_failed', { where: 'The keychain', reason: 'it did not keep what it was given' })
  }
  await removeParts(keychain, name, { side: sideOf(generation + 1), from: 0 }).catch(() => undefined)
  await removeParts(keychain, name, { side, from: parts.length }).catch(() => undefined)
  return true
}

/** Removes an item: first the head, without which the parts say nothing. */
export async function removeItem(keychain: KeychainAccess, name: string): Promise<void> {
  await keychain.delete(name)
  await removeParts(keychain, name, { side: 'a', from: 0 })
  await removeParts(keychain, name, { side: 'b', from: 0 })
}

interface Rest {
  readonly side: Side
  readonly from: number
}

/** From the last one down, so that what a crash leaves is found again. */
async function removeParts(keychain: KeychainAccess, name: string, { side, from }: Rest): Promise<void> {
  if ((await keychain.maxLength()) === Number.POSITIVE_INFINITY) return
  let end = from
  while ((await keychain.get(partName(name, side, end))) !== undefined) end += 1
  for (let index = end - 1; index >= from; index -= 1) await keychain.delete(partName(name, side, index))
}

async function assembled(keychain: KeychainAccess, name: string, head: Head): Promise<string | undefined> {
  let { text } = head
  for (let index = 0; index < head.parts; index += 1) {
    const part = await keychain.get(partName(name, sideOf(head.generation), index))
    if (part === undefined) return undefined
    text += part
  }
  return text
}

function parseHead(text: string): Head | undefined {
  const [, parts, generation, checksum, rest] = /^latchkey1:(\d{1,5}):(\d{1,15}):([\w-]{43}):([^]*)$/.exec(text) ?? []
  if (checksum === undefined || rest === undefined) return undefined
  return { parts: Number(parts), generation: Number(generation), checksum, text: rest }
}

function headText({ parts, generation, checksum, text }: Head): string {
  return `latchkey1:${parts}:${generation}:${checksum}:${text}`
}

type Side = 'a' | 'b'

function sideOf(generation: number): Side {
  return generation % 2 === 0 ? 'a' : 'b'
}

function partName(name: string, side: Side, index: number): string {
  return `${name}#${side}${index}`
}

function* pieces(text: string, length: number): Generator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length)
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
