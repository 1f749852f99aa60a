import type { GetTokenOptions, StoredRecord, TokenSet, TokenSource } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { readToolRecord } from './read-tool-record.ts'
import { toolFilePath } from './tool-files.ts'
import type { Tool, ToolFileOptions } from './tool-files.ts'

/** Whose tokens are borrowed, and from where. */
export interface BorrowOptions extends ToolFileOptions {
  /** @default toolFilePath(tool) */
  readonly path?: string
  /** The account slot, for a file that holds several. @default 'anthropic' */
  readonly slot?: string
}

/** Tokens that belong to somebody else. */
export interface BorrowedTokens extends TokenSource {
  /** Where they come from, to be shown to the person. */
  readonly source: string
  /** What is there now, without the refresh token. */
  read(): Promise<StoredRecord | undefined>
}

/**
 * Uses another program's sign-in, for as long as its access token is good. Its file is read anew for each
 * token and never written; its refresh token is not even looked at, because who refreshes must own.
 *
 * Errors: `sign_in_required` where there is no good token (use the other program once, and it will be);
 * `unsupported` for `forceRefresh`; `store_corrupt`, `store_denied`. On macOS Claude Code keeps its tokens
 * in the keychain, not in a file.
 *
 * @example
 * ```ts
 * const { accessToken } = await borrowTokens('codex').getToken()
 * ```
 */
export function borrowTokens(tool: Tool, options: BorrowOptions = {}): BorrowedTokens {
  const { path = toolFilePath(tool, options), slot = 'anthropic' } = options
  const read = async (): Promise<StoredRecord | undefined> => {
    const own = await readToolRecord(tool, path, slot)
    const record = own ?? (options.path === undefined ? await readBaseRecord(tool, slot, options) : undefined)
    if (record === undefined) return undefined
    const { refreshToken: _, ...tokens } = record.tokens
    return { ...record, tokens }
  }
  return { source: path, read, getToken: async (wishes) => goodTokens(await read(), wishes) }
}

/** Synaps reads the file of no profile where a profile has none. */
async function readBaseRecord(
  tool: Tool,
  slot: string,
  { env = process.env, ...rest }: ToolFileOptions,
): Promise<StoredRecord | undefined> {
  if (tool !== 'synaps' || !env['SYNAPS_PROFILE']) return undefined
  return readToolRecord(tool, toolFilePath(tool, { ...rest, env: { ...env, SYNAPS_PROFILE: '' } }), slot)
}

/** Tokens that nobody here can renew. */
export function goodTokens(record: StoredRecord | undefined, wishes: GetTokenOptions = {}): TokenSet {
  if (wishes.forceRefresh === true) {
    throw new OAuthError('unsupported', { what: 'renewing tokens that belong to another program.' })
  }
  if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
  const { expiresAt = Infinity } = record.tokens
  if (expiresAt - (wishes.minValidity ?? 0) > Date.now()) return record.tokens
  throw new OAuthError('sign_in_required', { reason: 'expired' })
}
