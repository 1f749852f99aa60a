import { configError } from '../errors.ts'

/**
 * Sends this page to an authorization server.
 *
 * Errors: `config` for an address that is neither `https:` nor `http:` on this machine, such as a script.
 */
export function leaveFor(url: URL): void {
  location.assign(travelable(url))
}

const loopback = ['localhost', '127.0.0.1', '[::1]']

/** An address that a person may be sent to. */
export function travelable(url: URL): string {
  const { protocol, hostname } = url
  if (protocol === 'https:' || (protocol === 'http:' && loopback.includes(hostname))) return url.href
  throw configError(`a sign-in page must be at https:, not ${protocol}`)
}

/**
 * The callback in this page's address, which is taken out of it: out of the address bar, the history, and
 * what other scripts and later requests can see. The rest of the address stays, and so does `history.state`.
 *
 * Gives `undefined` where the page is not at `redirectUri`, or carries no callback.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.2.4 RFC 9700, section 4.2.4}
 */
export function takeCallback(redirectUri: string | undefined): URL | undefined {
  const here = new URL(location.href)
  if (redirectUri !== undefined && !isAt(here, new URL(redirectUri))) return undefined
  if (!carriesCallback(here)) return undefined
  const clean = new URL(here)
  clean.search = stripped(here.search.slice(1))
  if (isAnswer(here.hash.slice(1))) clean.hash = stripped(here.hash.slice(1))
  try {
    history.replaceState(history.state, '', clean)
  } catch {
    // Some browsers limit how often; a sign-in that ends is worth more than a clean address.
  }
  return here
}

function isAt(here: URL, there: URL): boolean {
  return here.origin === there.origin && here.pathname === there.pathname
}

/** Whether an authorization server sent the person here: with an answer, or with one that nobody asked for. */
export function carriesCallback({ search, hash }: URL): boolean {
  return isAnswer(search.slice(1)) || isAnswer(hash.slice(1))
}

function isAnswer(text: string): boolean {
  const params = new URLSearchParams(text)
  return answers.some((name) => params.has(name)) && (params.has('state') || params.has('error'))
}

/** What makes it an answer, and what else comes with that (RFC 6749, RFC 9207, OpenID Connect, JARM). */
const answers = ['code', 'error', 'access_token', 'id_token', 'response']
const others = ['state', 'iss', 'session_state', 'error_description', 'error_uri', 'token_type', 'expires_in']

/** The parameters that are not an authorization server's, as they were written. */
function stripped(text: string): string {
  const kept = (pair: string): boolean =>
    ![...new URLSearchParams(pair).keys()].some((name) => answers.includes(name) || others.includes(name))
  return text.split('&').filter(kept).join('&')
}
