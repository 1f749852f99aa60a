/** Calls a listener of the application's. What it throws, now or later, is no reason to lose a token. */
export function quietly<Given extends unknown[]>(
  listener: ((...given: Given) => unknown) | undefined,
): (...given: Given) => void {
  return (...given) => {
    try {
      Promise.resolve(listener?.(...given)).catch(() => undefined)
    } catch {
      // As above.
    }
  }
}
