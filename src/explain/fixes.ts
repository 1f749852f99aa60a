import type { OAuthErrorCode } from '../errors.ts'

/** One row: why something happens, and what to do about it. */
export interface Fix {
  readonly why: string
  readonly todo: string
}

/** What `doctor` finds beside the failures of the library itself. */
export type SetUpCode =
  | 'discovery_path'
  | 'clock_offset'
  | 'proxy_ignored'
  | 'opener_missing'
  | 'store_open'
  | 'lock_stale'
  | 'cors_missing'
  | 'popup_severed'
  | 'csp_blocks'
  | 'worker_binding'

/** The stable name of a remedy: the code of an `OAuthError`, or of a broken set-up. */
export type FixCode = OAuthErrorCode | SetUpCode

/** The table. What it says must hold for every failure of that code. */
export const fixes: { readonly [Code in FixCode]: Fix } = {
  config: {
    why: 'An option, or what a server publishes about itself, cannot be used. Asking again gives the same answer.',
    todo: 'Change the option that the message names.',
  },
  state_mismatch: {
    why: 'The address that came back belongs to no sign-in of this client: an old tab, or a link that somebody else made.',
    todo: 'Start the sign-in again, in the same browser, and use the newest address only.',
  },
  transaction_missing: {
    why: 'The sign-in was finished already, or it began where this client cannot see it: in another process, browser or tab.',
    todo: 'Start the sign-in again. On a server, keep transactions where every instance finds them.',
  },
  transaction_expired: {
    why: 'The person took longer than the sign-in may take.',
    todo: 'Start the sign-in again; allow more with `transactionTimeout`.',
  },
  issuer_mismatch: {
    why: 'The server calls itself by another name than the one configured. The two must be the same, character by character, or somebody else answers.',
    todo: "Set `issuer` to what the server's metadata says, after making sure that this is whom you mean. Mind a `/` at the end.",
  },
  invalid_callback: {
    why: 'The address that came back is incomplete: it was cut while it was copied, or something rewrote it.',
    todo: 'Start the sign-in again and copy the whole address.',
  },
  access_denied: {
    why: 'The person, or an administrator of their organisation, said no.',
    todo: 'Start again and allow it; ask the administrator where the page says that approval is needed.',
  },
  authorization_failed: {
    why: 'The server does not accept this request of this client. The error code in the message is the reason it gives.',
    todo: 'Compare client id, redirect URI and scopes with what is registered at the server.',
  },
  invalid_response: {
    why: 'The answer is not what the protocol says: a proxy or a login page in between, or a defect of the server.',
    todo: 'Open the endpoint yourself and see who answers. For an ID token that is not valid yet, see `clock_offset`.',
  },
  unexpected_redirect: {
    why: 'The endpoint has moved, or something in between wants a sign-in of its own. Credentials do not follow redirects.',
    todo: 'Configure the address that the server really has; `https` instead of `http`, or with the right `www`.',
  },
  origin_not_allowed: {
    why: 'The token travels only to the origins that you named, and this is none of them.',
    todo: 'Add the origin to `apiOrigins` if it is the API; otherwise call it with a plain `fetch`.',
  },
  network: {
    why: 'No answer came: no connection, a name that does not resolve, a proxy, a certificate that is not trusted; in a web page also a server without CORS.',
    todo: 'Try again. If it stays: `latchkey doctor` tells proxies, addresses and CORS apart.',
  },
  timeout: {
    why: 'The answer took longer than was allowed for it.',
    todo: 'Try again; allow more with `timeout` where the server, or the person, needs it.',
  },
  rate_limited: {
    why: 'The server wants fewer requests. Too many programs may be signed in with the same account.',
    todo: 'Wait until the time in the detail, then try again. The session stands.',
  },
  server_error: {
    why: 'The server is in trouble.',
    todo: 'Try again later. The session stands.',
  },
  sign_in_required: {
    why: 'There is no token that is still good, and no way to get one without the person.',
    todo: 'Sign in again: `latchkey login`, or `signIn` in your program.',
  },
  scope_missing: {
    why: 'The person or the organisation granted less than was asked for, or it was never asked for.',
    todo: 'Sign in again, ask for the scope that the message names, and allow it.',
  },
  lock_timeout: {
    why: 'Another program is using the same tokens and did not finish.',
    todo: 'Close the program that the message names, or try again. A lock that nobody holds any more frees itself.',
  },
  store_corrupt: {
    why: 'What is stored was cut off or edited by hand. It was left as it is, because other entries may be in it.',
    todo: 'Look at it and mend it, or move it away and sign in again.',
  },
  store_denied: {
    why: 'The place where tokens rest may not be read or written by this user.',
    todo: 'Mend the owner or the permissions, or choose another place with `LATCHKEY_AUTH_FILE`.',
  },
  persist_failed: {
    why: 'The tokens came, and could not be written: a full disk, most often.',
    todo: 'Make room and try again soon, in the same process: it still holds them.',
  },
  port_in_use: {
    why: 'The answer of the browser comes back to a port of this machine, and another program has that port.',
    todo: 'Close that program, choose another with `--port` where the server allows it, or sign in with `--via paste` or `--via device`.',
  },
  popup_blocked: {
    why: 'Browsers open windows only while a click is being handled.',
    todo: 'Call `signIn` first thing in the click handler, or sign in with `via: "redirect"`.',
  },
  popup_closed: {
    why: 'The window was closed before the sign-in was finished; or a policy of your page or of the server cut it off.',
    todo: 'Sign in again. If nobody closed it, see `popup_severed`.',
  },
  unsupported: {
    why: 'This runtime, this server or this way of signing in cannot do what was asked.',
    todo: 'Use another way; for a sign-in, another `via`.',
  },
  aborted: {
    why: 'You stopped it, or the program that asked did.',
    todo: 'Nothing. What had begun was finished, or left no trace.',
  },
  signed_out: {
    why: 'Somebody signed out while the call was under way.',
    todo: 'Sign in again.',
  },
  discovery_path: {
    why: 'The server publishes its metadata elsewhere than the issuer and the kind of discovery say.',
    todo: 'Correct the issuer; use `oauth2` instead of `oidc` where only RFC 8414 metadata exists; or name the endpoints yourself.',
  },
  clock_offset: {
    why: "This machine's clock and the server's differ. Tokens then look expired, or not valid yet.",
    todo: 'Let the system set its clock (NTP). In a virtual machine or WSL, this is often so after sleep.',
  },
  proxy_ignored: {
    why: 'A proxy is configured in the environment, and `fetch` of Node does not look there unless told so.',
    todo: 'Set NODE_USE_ENV_PROXY=1 (Node 22.21 or 24 and newer), or pass your own `fetch`; add hosts that need no proxy to NO_PROXY.',
  },
  opener_missing: {
    why: 'There is no display, or no program that opens a browser.',
    todo: 'Nothing is lost: open the printed address yourself, on any machine, and paste the answer (`--via paste`). Or set BROWSER.',
  },
  store_open: {
    why: 'Others on this machine may read or change the tokens.',
    todo: 'Take their permissions away: `chmod 600` for the file, `chmod 700` for its folder.',
  },
  lock_stale: {
    why: 'A program ended while it held the lock of the tokens.',
    todo: 'Nothing, mostly: the next program takes it over. If it stays, no program of yours uses the file, and it can be removed.',
  },
  cors_missing: {
    why: 'The token endpoint does not let pages of this origin read its answer, so a single-page app cannot sign in.',
    todo: "Register the app's origin at the server (often: register it as a single-page application), or put a Worker in front.",
  },
  popup_severed: {
    why: 'The page cuts its windows off (Cross-Origin-Opener-Policy), so the answer of a popup never arrives.',
    todo: 'Send `Cross-Origin-Opener-Policy: same-origin-allow-popups`, or sign in with `via: "redirect"`.',
  },
  csp_blocks: {
    why: "The page's Content-Security-Policy forbids what a sign-in needs: a request to the token endpoint, or a window.",
    todo: 'Add the origin of the token endpoint to `connect-src`; with `sandbox`, add `allow-popups` and `allow-same-origin`.',
  },
  worker_binding: {
    why: 'The Worker uses something of its environment that its configuration does not give it.',
    todo: 'Add the binding, the migration of its class, the variable or the secret to the configuration, and deploy again.',
  },
}

/** Every fix code, in the order of the table. */
export const fixCodes: readonly FixCode[] = Object.keys(fixes) as FixCode[]
