import type { Writable } from 'node:stream'
import { OAuthError } from '../errors.ts'
import { readLines } from './read-lines.node.ts'
import type { LineInput } from './read-lines.node.ts'

/** Where lines come from, and what makes one good. */
export interface PasteOptions {
  /** Lines to read: `process.stdin`, or any stream of text. A terminal shows nothing of what is pasted. */
  readonly input: LineInput
  /** Where to ask. */
  readonly output: Writable
  /** What is wrong with a line, for the person; `undefined` takes it. Must not repeat the line. */
  readonly accept: (text: string) => string | undefined
  /** Shown before each line. */
  readonly prompt: string
  readonly signal?: AbortSignal
}

/**
 * Reads lines until one is accepted, and gives it. A line that is not is answered with what is wrong
 * about it, and the next one is awaited; nothing of a line is ever repeated.
 *
 * When the input ends without a good line there is none, and the answer is `undefined`: there may be
 * other ways to sign in. The input is paused afterwards, so that it does not keep the process alive.
 *
 * Errors: `aborted`, by `signal` or by Ctrl-C in a terminal.
 *
 * @example
 * ```ts
 * const line = await readPaste({ input: process.stdin, output: process.stderr, prompt: '> ', accept })
 * ```
 */
export async function readPaste(options: PasteOptions): Promise<string | undefined> {
  const { input, output, accept, prompt, signal } = options
  if (signal?.aborted) throw new OAuthError('aborted', {})
  if (input.destroyed || input.readableEnded) return undefined
  let leave: readonly (() => void)[] = []
  try {
    return await new Promise((resolve, reject) => {
      const interrupt = (): void => reject(new OAuthError('aborted', {}))
      let answered = false
      const line = (typed: string): void => {
        // What was pasted may end in several line ends, or go on.
        if (answered) return
        const text = typed.trim()
        const complaint = text === '' ? undefined : accept(text)
        answered = complaint === undefined && text !== ''
        if (answered) return resolve(text)
        output.write(complaint === undefined ? prompt : `${complaint}\n${prompt}`)
      }
      signal?.addEventListener('abort', interrupt)
      leave = [
        readLines(input, { line, end: () => resolve(undefined), interrupt }),
        () => signal?.removeEventListener('abort', interrupt),
      ]
      output.write(prompt)
    })
  } finally {
    for (const step of leave) step()
    if (input.isTTY) output.write('\n')
  }
}
