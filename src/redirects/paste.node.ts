import { createInterface } from 'node:readline'
import type { Interface } from 'node:readline'
import { Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import { OAuthError } from '../errors.ts'

/** Where lines come from, and what makes one good. */
export interface PasteOptions {
  /** Lines to read: `process.stdin`, or any stream of text. A terminal shows nothing of what is pasted. */
  readonly input: Readable & { readonly isTTY?: boolean }
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
  const lines = openLines(input)
  const leave = new AbortController()
  const ask = (): unknown => output.write(prompt)
  try {
    return await new Promise((resolve, reject) => {
      const end = (): void => resolve(undefined)
      const abort = (): void => reject(new OAuthError('aborted', {}))
      signal?.addEventListener('abort', abort, { signal: leave.signal })
      // A broken pipe ends this way to answer, not the sign-in.
      for (const source of [lines, input]) {
        source.on('error', end).on('close', end)
        leave.signal.addEventListener('abort', () => source.off('error', end).off('close', end))
      }
      lines.on('SIGINT', abort)
      lines.on('line', (line) => {
        const text = line.trim()
        const complaint = text === '' ? undefined : accept(text)
        if (complaint === undefined && text !== '') return resolve(text)
        if (complaint !== undefined) output.write(`${complaint}\n`)
        ask()
      })
      ask()
    })
  } finally {
    leave.abort()
    if (input.isTTY) output.write('\n')
    lines.close()
    input.pause()
  }
}

/**
 * A terminal is read key by key: its own line editing stops at 1024 or 4096 characters, which is less
 * than some callbacks have, and would leave the code on the screen.
 */
function openLines(input: PasteOptions['input']): Interface {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  return createInterface({ input, output: nowhere, terminal: input.isTTY === true, historySize: 0 })
}
