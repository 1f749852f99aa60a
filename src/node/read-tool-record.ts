import { setTimeout as sleep } from 'node:timers/promises'
import type { StoredRecord } from '../contracts.ts'
import { decodeClaims } from '../core/index.ts'
import { OAuthError } from '../errors.ts'
import { extractCodexAccountId } from '../providers/openai.ts'
import { fileStore } from '../stores/file.node.ts'
import { fsFailure } from '../stores/fs-failure.node.ts'
import { readPrivateFile } from '../stores/private-file.node.ts'
import type { Tool } from './tool-files.ts'

type Members = Readonly<Record<string, unknown>>

/** Programs that write in place are done within a moment. */
const attempts = 10

/** Reads the record in another program's file; `undefined` where nobody is signed in there. Writes nothing. */
export async function readToolRecord(tool: Tool, path: string, slot: string): Promise<StoredRecord | undefined> {
  if (tool !== 'claude-code' && tool !== 'codex') return fileStore({ path }).get(slot)
  const members = await readMembers(path)
  return members && (tool === 'codex' ? codexRecord(members) : claudeRecord(members))
}

/** The JSON object in a file, and `undefined` where there is no file. */
export async function readMembers(path: string): Promise<Members | undefined> {
  return (await readWhole(path))?.members
}

/** A text that holds a JSON object, and that object. */
export interface WholeText {
  readonly text: string
  readonly members: Members
}

/** The same with the text that it was read from. */
export async function readWhole(path: string): Promise<WholeText | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const bytes = await readPrivateFile(path).catch((error: unknown) => {
      throw fsFailure(error, path, 'store_denied')
    })
    if (bytes === undefined) return undefined
    const text = new TextDecoder().decode(bytes)
    const members = parsed(text)
    if (members !== undefined) return { text, members }
    if (attempt === attempts) throw new OAuthError('store_corrupt', { where: path, reason: 'it is not a JSON object' })
    await sleep(20)
  }
}

function claudeRecord({ claudeAiOauth }: Members): StoredRecord | undefined {
  const entry = object(claudeAiOauth)
  const accessToken = text(entry['accessToken'])
  if (accessToken === undefined) return undefined
  const refreshToken = text(entry['refreshToken'])
  const { expiresAt, scopes } = entry
  return {
    tokens: {
      accessToken,
      tokenType: 'Bearer',
      ...(refreshToken !== undefined && { refreshToken }),
      ...(typeof expiresAt === 'number' && { expiresAt }),
      ...(Array.isArray(scopes) && { scopes: scopes.filter((scope) => typeof scope === 'string') }),
    },
  }
}

/** Codex writes no end of life: the access token says it. */
export function codexRecord(members: Members): StoredRecord | undefined {
  const entry = object(members['tokens'])
  const accessToken = text(entry['access_token'])
  if (accessToken === undefined) return undefined
  const [refreshToken, idToken] = [text(entry['refresh_token']), text(entry['id_token'])]
  const accountId =
    text(entry['account_id']) ?? extractCodexAccountId(idToken ?? '') ?? extractCodexAccountId(accessToken)
  const expiresAt = endOf(accessToken)
  return {
    tokens: {
      accessToken,
      tokenType: 'Bearer',
      ...(refreshToken !== undefined && { refreshToken }),
      ...(idToken !== undefined && { idToken }),
      ...(expiresAt !== undefined && { expiresAt }),
    },
    ...(accountId !== undefined && { account: { accountId } }),
  }
}

function endOf(jwt: string): number | undefined {
  try {
    const { exp } = decodeClaims(jwt)
    return typeof exp === 'number' ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}

function parsed(json: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined
  } catch {
    return undefined
  }
}

function object(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
