/** Aborts as soon as one of `signals` does, with its reason. The first Node 20 has no `AbortSignal.any`. */
export function either(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController()
  for (const signal of signals) {
    const abort = (): void => all.abort(signal.reason)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  }
  return all.signal
}
