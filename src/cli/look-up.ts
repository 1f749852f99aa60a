import { OAuthError } from '../errors.ts'
import { either } from './either.ts'
import { timeLimit } from './time-limit.ts'

/** What a server answered, or that it did not. */
export type Answer =
  | { readonly down: string }
  | {
      readonly down?: undefined
      readonly status: number
      readonly headers: Headers
      readonly text: string
      /** When it came. */
      readonly at: number
    }

const patience = 10_000
const longest = 1_000_000

/** Asks for a public page. No credentials travel, no redirect is followed, and it ends within ten seconds. */
export async function lookUp(url: string, init: RequestInit, signal: AbortSignal): Promise<Answer> {
  try {
    const limit = either([signal, timeLimit(patience)])
    const response = await fetch(url, { redirect: 'manual', ...init, signal: limit })
    const at = Date.now()
    const text = (await response.text()).slice(0, longest)
    return { status: response.status, headers: response.headers, text, at }
  } catch (error) {
    if (signal.aborted) throw new OAuthError('aborted', {})
    const { cause, name } = error as { readonly cause?: { readonly code?: unknown }; readonly name?: string }
    const code = typeof cause?.code === 'string' ? cause.code : undefined
    return { down: code ?? (name === 'TimeoutError' ? 'no answer in ten seconds' : 'no connection') }
  }
}

/** The JSON object in a text; `undefined` where there is none. */
export function membersOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
