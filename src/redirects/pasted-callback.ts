import { isAnswer } from './judge-callback.ts'

/** A sign-in that a pasted answer may belong to. */
export interface PendingRedirect {
  readonly state: string
  readonly redirectUri: string
}

const longest = 16_384

/**
 * What is wrong with a pasted answer, said to the person who pasted it; `undefined` when it belongs to
 * one of `pending` and may be given to `finish`.
 *
 * An answer is `code#state`, or the whole callback URL. A code alone is refused: without its state,
 * nobody can tell whose sign-in it would finish.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-10.12 RFC 6749, section 10.12}
 */
export function pasteComplaint(text: string, pending: readonly PendingRedirect[]): string | undefined {
  if (text.length > longest) return 'That is too long to be an answer.'
  if (/^https?:/i.test(text)) return addressComplaint(text, pending)
  const [code, state, ...more] = text.split('#')
  if (more.length > 0 || /\s|(^|[?&])(code|state|error)=/.test(text)) {
    return 'That is neither code#state nor the address the browser ended at. Copy all of it, and nothing else.'
  }
  if (!code || !state) return 'A code alone is not enough. Copy the whole line: the code, the # and what follows it.'
  return pending.some((one) => one.state === state) ? undefined : anotherSignIn
}

const anotherSignIn = 'That belongs to another sign-in. Use the address shown above, and paste what comes of it.'

function addressComplaint(text: string, pending: readonly PendingRedirect[]): string | undefined {
  if (!URL.canParse(text)) return 'That address is damaged. Copy it once more.'
  const url = new URL(text)
  const here = pending.filter(({ redirectUri }) => isSamePlace(url, new URL(redirectUri)))
  if (here.length === 0) return 'That is not the address this sign-in ends at. Paste the one that holds the answer.'
  if (!isAnswer(url.searchParams)) return 'That address holds no answer, or only a part of it. Copy all of it.'
  return here.some(({ state }) => state === url.searchParams.get('state')) ? undefined : anotherSignIn
}

function isSamePlace(url: URL, redirectUri: URL): boolean {
  return (
    url.origin === redirectUri.origin &&
    url.pathname === redirectUri.pathname &&
    [...redirectUri.searchParams].every(([name, value]) => url.searchParams.get(name) === value)
  )
}
