import type { Readable } from 'node:stream'

/** A stream of lines; a terminal if it says so. */
export type LineInput = Readable & {
  readonly isTTY?: boolean
  readonly isRaw?: boolean
  setRawMode?(raw: boolean): unknown
}

/** Who is told. */
export interface LineListener {
  line(text: string): void
  /** There are no more lines: the input ended, broke, or the person pressed Ctrl-D. */
  end(): void
  /** The person pressed Ctrl-C. */
  interrupt(): void
}

const longest = 65_536

/**
 * Reads lines until the returned function is called, which leaves the input paused and as it was.
 *
 * A terminal is read key by key: its own line editing ends lines at 1024 or 4096 characters, which some
 * callbacks exceed, and would leave the code on the screen. So nothing that is typed is shown.
 */
export function readLines(input: LineInput, listener: LineListener): () => void {
  const decoder = new TextDecoder()
  const wasRaw = input.isRaw === true
  const setRaw = (raw: boolean): unknown => input.isTTY && input.setRawMode?.(raw)
  let text = ''
  const enter = (): void => {
    const line = withoutKeys(text)
    text = ''
    listener.line(line)
  }
  const keys: Readonly<Record<string, () => void>> = {
    '\r': enter,
    '\u0003': listener.interrupt,
    '\u0004': () => text === '' && listener.end(),
    '\u0008': () => void (text = text.slice(0, -1)),
    '\u007f': () => void (text = text.slice(0, -1)),
  }
  const read = (chunk: string | Uint8Array): void => {
    for (const character of typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })) {
      const key = character === '\n' ? enter : input.isTTY ? keys[character] : undefined
      if (key) key()
      else if (text.length < longest) text += character
    }
  }
  const end = (): void => {
    if (text !== '') enter()
    listener.end()
  }
  setRaw(true)
  input.on('data', read).on('end', end).on('close', end).on('error', end)
  return () => {
    input.off('data', read).off('end', end).off('close', end).off('error', end).pause()
    setRaw(wasRaw)
  }
}

/** Without what arrow keys and the like send, and without the marks that some terminals put around a paste. */
function withoutKeys(text: string): string {
  const [start = '', ...parts] = text.split('\u001b')
  const rest = parts.map((part) => part.replace(/^(\[[\d;]*)?[A-Za-z~]/, ''))
  return [start, ...rest].join('').replace(/\p{Cc}/gu, '')
}
