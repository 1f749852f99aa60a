import type { StoredRecord } from '../contracts.ts'
import { fileStore } from '../stores/file.node.ts'
import { authFilePath } from './auth-file-path.ts'
import type { AuthFileOptions } from './load-auth.ts'

/** How a record is saved. */
export interface SaveAuthOptions extends AuthFileOptions {
  /** The longest wait for others who write the file, in milliseconds. @default 30_000 */
  readonly lockTimeout?: number
}

/**
 * Saves a record as that of `anthropic`. See {@link saveProviderAuth}.
 *
 * @example
 * ```ts
 * await saveAuth({ tokens })
 * ```
 */
export function saveAuth(record: StoredRecord, options: SaveAuthOptions = {}): Promise<void> {
  return saveProviderAuth('anthropic', record, options)
}

/**
 * Saves one account slot; all other entries and fields stay as they are. The file is at every instant the
 * old or the new one, and only its owner may read it.
 *
 * It writes over whatever the slot holds: a program that renews tokens wants a client with a store.
 *
 * Errors: `store_corrupt` (nothing is overwritten), `store_denied`, `persist_failed`, `lock_timeout`.
 *
 * @example
 * ```ts
 * await saveProviderAuth('openai-codex', { tokens })
 * ```
 */
export async function saveProviderAuth(
  slot: string,
  record: StoredRecord,
  { path = authFilePath(), lockTimeout }: SaveAuthOptions = {},
): Promise<void> {
  await fileStore({ path, ...(lockTimeout !== undefined && { lockTimeout }) }).update(slot, () => record)
}
