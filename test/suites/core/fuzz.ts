import type { Parameters } from 'fast-check'

const { process } = globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } }

/** How often a property is tried: `quick` times, or as often as the variable LATCHKEY_FUZZ says. */
export function runs<T>(quick: number): Parameters<T> {
  const wanted = Number(process?.env?.['LATCHKEY_FUZZ'] ?? quick)
  return { numRuns: wanted, interruptAfterTimeLimit: 600_000, markInterruptAsFailure: true }
}

/** How long a test with `runs` may take, in milliseconds. */
export const patience: number = process?.env?.['LATCHKEY_FUZZ'] === undefined ? 20_000 : 600_000
