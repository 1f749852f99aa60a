import { misuse } from './misuse.ts'

/** Reads `--port`. */
export function portNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port
  throw misuse('--port is a number from 1 to 65535.')
}
