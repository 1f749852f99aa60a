import { createInterface } from 'node:readline/promises'
import { OAuthError } from '../errors.ts'
import { either } from './either.ts'
import { misuse } from './misuse.ts'
import { mayAsk } from './world.ts'
import type { World } from './world.ts'

/**
 * Asks the person, and gives the answer.
 *
 * @param otherwise What to type instead, where nobody can be asked.
 */
export async function ask(question: string, otherwise: string, world: World): Promise<string> {
  if (!mayAsk(world)) throw misuse(otherwise)
  const lines = createInterface({ input: world.input, output: world.err, terminal: true })
  const stop = new AbortController()
  lines.once('SIGINT', () => stop.abort())
  lines.once('close', () => stop.abort())
  try {
    return (await lines.question(question, { signal: either([stop.signal, world.signal]) })).trim()
  } catch {
    throw new OAuthError('aborted', {})
  } finally {
    lines.close()
  }
}

/** Asks for a yes. */
export async function confirm(question: string, world: World): Promise<void> {
  const answer = await ask(`${question} [y/N] `, `${question} There is nobody to ask here: say --yes.`, world)
  if (!/^y(es)?$/i.test(answer)) throw new OAuthError('aborted', {})
}
