import type { ClientEvent, Snapshot } from '../contracts.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import type { OAuthErrorCode } from '../errors.ts'

/** `Uint8Array<ArrayBuffer>`, in words that compilers before TypeScript 5.7 know too. */
type Bytes = ReturnType<TextEncoder['encode']>

/** What a page asks of its vault. Each question brings a port of its own, by which the answer comes. */
export interface VaultQuestion {
  readonly type: 'latchkey:vault'
  readonly task: string
  readonly given: unknown
  /** The name of a lock that the page holds until it has all of the answer. */
  readonly lock?: string | undefined
}

/** What the vault says to one question. */
export type VaultAnswer =
  /** Somebody is there, who holds the lock of this name for as long as that is so. Said at once. */
  | { readonly type: 'heard'; readonly life?: string | undefined }
  | { readonly type: 'done'; readonly value: unknown; readonly board: VaultBoard }
  | { readonly type: 'failed'; readonly failure: VaultFailure }
  /** A part of a body; without bytes, its end. */
  | { readonly type: 'part'; readonly bytes?: Bytes | undefined }

/** What a page says later, by the same port. */
export type VaultRequest = { readonly type: 'abort' } | { readonly type: 'pull' }

/** What the vault knows of the session, for everybody to see. */
export interface VaultBoard {
  /** The channel where news comes. Another one is another vault: the browser has started it anew. */
  readonly channel: string
  /** Grows with each change, as answers and news may overtake each other. */
  readonly version: number
  readonly snapshot: Snapshot
}

/** What is said to all pages. */
export type VaultNews = { readonly board: VaultBoard } | { readonly event: ClientEvent }

/** A failure on its way from one realm to another. Holds no more than the error would. */
export type VaultFailure =
  | { readonly code: OAuthErrorCode; readonly detail: unknown }
  | { readonly mistake: string }
  | { readonly unknown: true }

/** A request on its way to the vault. */
export interface VaultedRequest {
  readonly url: string
  readonly method: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body?: Bytes
  readonly init: RequestInit
}

/** An answer on its way back. Its body follows, part by part, as it is asked for. */
export interface VaultedResponse {
  readonly url: string
  readonly status: number
  readonly statusText: string
  readonly headers: readonly (readonly [string, string])[]
  readonly redirected: boolean
  readonly hasBody: boolean
}

/** Takes a failure apart. What is not ours says nothing: nobody knows what its text holds. */
export function takeApart(error: unknown): VaultFailure {
  if (isOAuthError(error)) return { code: error.code, detail: { ...error.detail } }
  return error instanceof TypeError ? { mistake: error.message } : { unknown: true }
}

/** Puts it together again. */
export function putTogether(failure: VaultFailure): Error {
  if ('code' in failure) return new OAuthError(failure.code, failure.detail as never)
  return new TypeError('mistake' in failure ? failure.mistake : 'The vault could not do this.')
}

/** Reads what anybody may have sent. */
export function readQuestion(data: unknown): VaultQuestion | undefined {
  if (typeof data !== 'object' || data === null) return undefined
  const { type, task } = data as Partial<VaultQuestion>
  return type === 'latchkey:vault' && typeof task === 'string' ? (data as VaultQuestion) : undefined
}
