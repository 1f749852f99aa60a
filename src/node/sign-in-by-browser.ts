import type { Callback, SignInResult } from '../client/client.ts'
import { isOAuthError, OAuthError } from '../errors.ts'
import { startCallbackServer } from '../redirects/loopback.node.ts'
import type { CallbackServer } from '../redirects/loopback.node.ts'
import { readPaste } from '../redirects/paste.node.ts'
import { pasteComplaint } from '../redirects/pasted-callback.ts'
import type { PendingRedirect } from '../redirects/pasted-callback.ts'
import { attempt } from './attempt.ts'
import { invitation } from './invitation.ts'
import { openBrowser } from './open-browser.ts'
import { personLimit } from './person-limit.ts'
import type { RedirectPlan } from './redirect-plan.ts'
import type { NodeSignInOptions, SignInClient } from './sign-in-options.ts'
import { waysBack } from './ways-back.ts'
import type { WaysBack } from './ways-back.ts'

/** One sign-in while it runs. */
interface Run {
  readonly client: SignInClient
  readonly options: NodeSignInOptions
  readonly ways: WaysBack
  /** Aborts when nobody waits for the person any more. */
  readonly signal: AbortSignal
  /** The transactions that were begun, one for each redirect URI. */
  readonly pending: PendingRedirect[]
}

const defaultTimeout = 300_000

/**
 * Signs in by a browser. The answer comes back by the loopback port or by a paste, the first one wins,
 * and its code is exchanged with the redirect URI it came by. A callback or a line that belongs to
 * another sign-in never ends this one.
 */
export async function signInByBrowser(
  client: SignInClient,
  plan: RedirectPlan,
  options: NodeSignInOptions,
): Promise<SignInResult> {
  const { timeout = defaultTimeout, signal } = options
  const ways = waysBack(plan, options, process.stdin.isTTY === true)
  const limit = personLimit(timeout, signal)
  const run: Run = { client, options, ways, signal: limit.signal, pending: [] }
  let server: CallbackServer | undefined
  try {
    server = await openServer(run)
    await invite(run, server)
    const callback = await firstAnswer(run, server)
    limit.stop()
    const result = await client.finish(callback, signal && { signal })
    await server?.respond('signed-in')
    return result
  } catch (error) {
    // An exchange that has begun goes on without its caller: nobody knows yet how it ends.
    const isOpen = isOAuthError(error) && error.code === 'aborted'
    await (isOpen ? server?.close() : server?.respond('failed'))
    throw limit.reason() ?? error
  } finally {
    limit.stop()
  }
}

/** None where there is no loopback way, or no port is free and a paste is left. */
async function openServer({ ways, options, signal, pending }: Run): Promise<CallbackServer | undefined> {
  const { timeout = defaultTimeout, page } = options
  if (ways.loopback === undefined) return undefined
  const accept = (url: URL): boolean => pending.some(({ state }) => state === url.searchParams.get('state'))
  try {
    return await startCallbackServer({ ...ways.loopback, accept, timeout, signal, ...(page && { page }) })
  } catch (error) {
    if (ways.hosted !== undefined && isOAuthError(error) && error.code === 'port_in_use') return undefined
    throw error
  }
}

/** Begins a transaction for each redirect URI, tells the person where to go, and opens the browser. */
async function invite(run: Run, server: CallbackServer | undefined): Promise<void> {
  const { client, options, ways } = run
  const { output = process.stderr, openBrowser: opener = options.via === 'paste' ? false : openBrowser } = options
  const redirectUris = [server?.redirectUri, ways.hosted].filter((uri) => uri !== undefined)
  const addresses: URL[] = []
  for (const redirectUri of redirectUris) addresses.push(await begin(run, redirectUri))
  const what = ways.hosted === undefined ? 'address' : 'page'
  output.write(invitation({ name: client.provider.name, addresses, ...(ways.paste && { paste: what }) }))
  if (opener) for (const address of addresses.slice(0, 1)) attempt(opener, address)
}

async function begin({ client, options, signal, pending }: Run, redirectUri: string): Promise<URL> {
  const { scopes, resource, appState, authorizationParams } = options
  const { url, state } = await client.start({
    redirectUri,
    signal,
    ...(scopes && { scopes }),
    ...(resource !== undefined && { resource }),
    ...(appState !== undefined && { appState }),
    ...(authorizationParams && { authorizationParams }),
  })
  pending.push({ state, redirectUri })
  return url
}

/** The first good answer. By then the other way has let go of what it held. */
async function firstAnswer(run: Run, server: CallbackServer | undefined): Promise<Callback> {
  const enough = new AbortController()
  const stop = (): void => enough.abort()
  run.signal.addEventListener('abort', stop)
  if (run.signal.aborted) stop()
  const paste = run.ways.paste ? readAnswer(run, enough.signal) : undefined
  try {
    const ways: Promise<Callback | undefined>[] = [...(paste ? [paste] : []), ...(server ? [server.callback] : [])]
    const first = (await Promise.race(ways)) ?? (await server?.callback)
    if (first === undefined) throw new OAuthError('aborted', {})
    return first
  } finally {
    run.signal.removeEventListener('abort', stop)
    stop()
    await paste?.catch(() => undefined)
  }
}

function readAnswer({ options, pending }: Run, signal: AbortSignal): Promise<string | undefined> {
  const { input = process.stdin, output = process.stderr } = options
  const prompt = input.isTTY ? 'Paste here (it stays hidden): ' : 'Paste here: '
  return readPaste({ input, output, accept: (text) => pasteComplaint(text, pending), prompt, signal })
}
