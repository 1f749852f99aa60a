import type { StoredRecord } from '../contracts.ts'
import type { Grant } from '../core/token-answer.ts'
import type { Session } from '../lifecycle/session.ts'
import type { SignInResult } from './client.ts'
import type { Connection } from './connection.ts'
import type { Config } from './options.ts'

/** What every way to sign in acts upon. */
export interface SignInParts {
  readonly config: Config
  readonly connection: Connection
  readonly session: Session
}

/** Stores what a sign-in brought, and says so. */
export async function settleGrant(
  { config, session }: SignInParts,
  granted: Grant & Pick<StoredRecord, 'clientId' | 'proofKey'>,
  asked: readonly string[],
): Promise<SignInResult> {
  const { account, tokens } = granted
  const saved = await session.begin({ ...granted, tokens: Object.freeze(tokens), issuer: config.policy.issuer })
  const who = account === undefined ? {} : { account }
  config.onEvent({ type: 'signed-in', ...who })
  return {
    ...who,
    ...(tokens.scopes !== undefined && { scopes: tokens.scopes }),
    missingScopes: tokens.scopes === undefined ? [] : asked.filter((scope) => !tokens.scopes?.includes(scope)),
    ...(tokens.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    saved,
  }
}
