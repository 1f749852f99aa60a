import type { StoredRecord } from '../contracts.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'

/** Which file. */
export interface AuthFileOptions {
  /** @default authFilePath() */
  readonly path?: string
}

/**
 * Reads everything that signed in here, by account slot: `anthropic`, `openai-codex`, … Empty where there
 * is no file. An entry that cannot be read, or is not of OAuth, is left out; it harms no other.
 *
 * Errors: `store_corrupt`, `store_denied`.
 *
 * @example
 * ```ts
 * for (const [slot, { account }] of Object.entries(await loadAuth())) console.log(slot, account?.email)
 * ```
 */
export async function loadAuth({
  path = authFilePath(),
}: AuthFileOptions = {}): Promise<Readonly<Record<string, StoredRecord>>> {
  const store = fileStore({ path })
  const entries = await Promise.all((await store.keys()).map(async (key) => [key, await store.get(key)] as const))
  return Object.fromEntries(entries.filter((entry): entry is [string, StoredRecord] => entry[1] !== undefined))
}

/**
 * Reads one account slot; `undefined` where nobody is signed in.
 *
 * Errors: `store_corrupt`, `store_denied`.
 *
 * @example
 * ```ts
 * const record = await loadProviderAuth('openai-codex')
 * ```
 */
export function loadProviderAuth(
  slot: string,
  { path = authFilePath() }: AuthFileOptions = {},
): Promise<StoredRecord | undefined> {
  return fileStore({ path }).get(slot)
}
