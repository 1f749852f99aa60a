/**
 * What an API holds against a token, in the words of RFC 6750 §3.1; many APIs say nothing, and a browser
 * may hide what they say.
 */
export function challengeError(response: Response): string | undefined {
  const challenge = response.headers.get('www-authenticate') ?? ''
  // Whole parameters are read, so that a quoted text which looks like one is none.
  for (const [, name, quoted, word] of challenge.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    if (name?.toLowerCase() === 'error') return (quoted ?? word)?.toLowerCase()
  }
  return undefined
}
