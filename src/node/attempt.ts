/** Lets `opener` open `url`, and ignores how that goes: the address is printed as well, and nobody waits for a browser. */
export function attempt(opener: (url: URL) => unknown, url: URL): void {
  void (async () => opener(url))().catch(() => undefined)
}
