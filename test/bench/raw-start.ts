/** The start of a sign-in by hand: what any library has to do that keeps to Web Crypto, and nothing else. */
export async function rawStart(): Promise<string> {
  const verifier = random()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  const url = new URL('https://id.example.com/authorize')
  url.searchParams.set('response_type', 'code')
  url.searchParams.set('client_id', 'bench')
  url.searchParams.set('redirect_uri', 'https://app.example.com/callback')
  url.searchParams.set('state', random())
  url.searchParams.set('code_challenge', base64url(new Uint8Array(digest)))
  url.searchParams.set('code_challenge_method', 'S256')
  return url.href
}

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)))
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
