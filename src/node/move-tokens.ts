import type { Store, StoredRecord } from '../contracts.ts'
import { configError, OAuthError } from '../errors.ts'
import { editObject } from '../stores/edit-object.ts'
import { fileStore } from '../stores/file.node.ts'
import { fsFailure } from '../stores/fs-failure.node.ts'
import { readPrivateFile, replacePrivateFile } from '../stores/private-file.node.ts'
import { resolveTarget } from '../stores/resolve-target.node.ts'
import { codexRecord, readWhole } from './read-tool-record.ts'
import { toolFilePath } from './tool-files.ts'
import type { Tool, ToolFileOptions } from './tool-files.ts'
import { slotHere } from './tool-slots.ts'

/** What is moved, and where to. */
export interface MoveOptions extends ToolFileOptions {
  readonly to: Store
  /** The account slot there. @default `slot`; `openai-codex` for `openai` of opencode */
  readonly key?: string
  /** @default toolFilePath(tool) */
  readonly path?: string
  /** The account slot in the other program's file. @default 'anthropic', for Codex 'openai-codex' */
  readonly slot?: string
  /** The longest wait for the other file's lock, in milliseconds. @default 30_000 */
  readonly timeout?: number
}

/**
 * Takes another program's sign-in over: it is written here, then removed there, so that the refresh token
 * has one owner. The other program is signed out by that; ask the person first, and close it.
 *
 * Errors: `unsupported` for Claude Code, whose file is not written; `sign_in_required` where nobody is
 * signed in there; `config` where somebody is signed in here already; and those of both stores. After an
 * error in the second step both have the tokens: move again, or sign out of one.
 *
 * @example
 * ```ts
 * await moveTokens('pi', { to: fileStore({ path: authFilePath() }), slot: 'openai-codex' })
 * ```
 */
export async function moveTokens(tool: Tool, options: MoveOptions): Promise<StoredRecord> {
  const { to, path = toolFilePath(tool, options), timeout = 30_000 } = options
  const slot = options.slot ?? (tool === 'codex' ? 'openai-codex' : 'anthropic')
  if (tool === 'claude-code') {
    throw new OAuthError('unsupported', { what: "moving Claude Code's sign-in; sign in here instead." })
  }
  const take = async (record: StoredRecord | undefined): Promise<StoredRecord> => {
    if (record === undefined) throw new OAuthError('sign_in_required', { reason: 'absent' })
    const { refreshToken, accessToken } = record.tokens
    const stored = await to.update(options.key ?? slotHere(tool, slot), (current) => current ?? record)
    if (stored?.tokens.refreshToken === refreshToken && stored?.tokens.accessToken === accessToken) return stored
    throw configError('somebody is signed in where the tokens would go; sign out there first.')
  }
  if (tool === 'codex') return moveFromCodex(path, take)
  return fileStore({ path }).lock(
    slot,
    async (held) => {
      const moved = await take(await held.get(slot))
      await held.update(slot, () => undefined)
      return moved
    },
    { timeout },
  )
}

/** Codex has no lock, but reads again before it writes. Its file is replaced only if it is still the one that was read. */
async function moveFromCodex(
  path: string,
  take: (record: StoredRecord | undefined) => Promise<StoredRecord>,
): Promise<StoredRecord> {
  try {
    const target = await resolveTarget(path)
    const read = async (): Promise<string> => new TextDecoder().decode(await readPrivateFile(target))
    // One text for both: what Codex writes in between must be neither cut out nor taken for complete.
    const before = await readWhole(target)
    const moved = await take(before && codexRecord(before.members))
    const after = editObject(before?.text ?? '', new Map([['tokens', undefined]]))
    if (await replacePrivateFile(target, after, async () => (await read()) === before?.text)) return moved
    throw new OAuthError('persist_failed', { where: target, reason: 'Codex wrote it at the same time' })
  } catch (error) {
    throw fsFailure(error, path, 'persist_failed')
  }
}
