import { isOAuthError, OAuthError, untrustedText } from '../errors.ts'
import type { Account } from '../contracts.ts'
import { authFilePath } from '../node/auth-file-path.ts'
import { authFileStore } from '../node/auth-file-store.ts'
import type { NodeClient, NodeSignInOptions } from '../node/index.ts'
import { openers } from '../node/open-browser.ts'
import { ask } from './ask.ts'
import type { Asked } from './command.ts'
import { lasting } from './duration.ts'
import { misuse } from './misuse.ts'
import { openClient } from './open-client.ts'
import { portNumber } from './port-number.ts'
import { progress } from './progress.ts'
import { providerRow } from './provider-rows.ts'
import { rowNames } from './row-names.ts'
import { profileOf, slotNamed } from './slot.ts'
import { tellingStore } from './telling-store.ts'
import { isUnattended, lockTimeout, say } from './world.ts'
import type { World } from './world.ts'

type SignInResult = Awaited<ReturnType<NodeClient['signIn']>>
type Way = NonNullable<NodeSignInOptions['via']>

/** `latchkey login`: signs a person in. */
export async function login(asked: Asked, world: World): Promise<number> {
  const { env } = world
  const issuer = issuerOf(asked, world)
  const name = await providerName(asked.words[0] ?? (env['LATCHKEY_PROVIDER'] || undefined), issuer, world)
  const profile = profileOf(asked, world)
  const registered = asked.text('client-id') ?? (env['LATCHKEY_CLIENT_ID'] || undefined)
  const clientId = registered ?? (name === 'openai' ? await issuedClientId(profile, world) : undefined)
  const provider = await providerRow(name, { issuer, tenant: asked.text('tenant'), clientId })
  if (clientId === undefined && provider.clientId === undefined) {
    throw misuse(`${provider.name} needs --client-id, or LATCHKEY_CLIENT_ID: what this program is registered as there.`)
  }
  const slot = slotNamed(provider.id, profile)
  const file = authFileStore({ env })
  let unwritten: unknown
  const store = tellingStore(file, (error) => (unwritten = error))
  const client = openClient(slot, { provider, clientId, store }, world)
  try {
    const wishes = wishesOf(asked, client, world)
    // Else a person would do all of it for tokens that end with this process.
    await file.lock(slot.key, (held) => held.get(slot.key), { timeout: lockTimeout, signal: world.signal })
    const code = await signIn(client, wishes, world)
    if (unwritten !== undefined) await sayWhy(unwritten, world)
    return code
  } finally {
    client.dispose()
  }
}

async function sayWhy(error: unknown, world: World): Promise<void> {
  const { explained } = await import('./explained.ts')
  say(world, explained(error, world))
}

/** What is no address must not send the person to where the row says. */
function issuerOf(asked: Asked, { env }: World): string | undefined {
  const issuer = asked.text('issuer') ?? (env['LATCHKEY_ISSUER'] || undefined)
  if (issuer === undefined || URL.canParse(issuer)) return issuer
  throw misuse('--issuer is the https address of a server; so is LATCHKEY_ISSUER.')
}

/** Sign in with ChatGPT issues a client id with the first sign-in, and wants to see it with the next. */
async function issuedClientId(profile: string | undefined, { env }: World): Promise<string | undefined> {
  return (await authFileStore({ env }).get(slotNamed('openai', profile).key))?.clientId
}

async function signIn(client: NodeClient, wishes: NodeSignInOptions, world: World): Promise<number> {
  // Where lines are read, the prompt says that somebody is waited for.
  const pastes = wishes.via === 'paste' || (wishes.via === 'auto' && world.input.isTTY === true)
  const waiting = pastes ? undefined : progress(world, 'Waiting for you:')
  try {
    const result = await client.signIn({ ...wishes, ...(await drawing(world)), output: waiting?.output ?? world.err })
    waiting?.stop()
    return report(client, result, world)
  } catch (error) {
    throw inputEnded(error, world)
      ? new OAuthError('invalid_callback', { reason: 'the input ended without it.' })
      : error
  } finally {
    waiting?.stop()
  }
}

/** A code for the camera of a phone, where there is a screen to show it. */
async function drawing({ err }: World): Promise<Pick<NodeSignInOptions, 'drawAddress'>> {
  if (err.isTTY !== true) return {}
  const { renderUnicodeCompact } = await import('uqr')
  return { drawAddress: ({ href }) => renderUnicodeCompact(href, { border: 2 }) }
}

/** Nobody pressed Ctrl-C: what was piped in held no answer, and none can come another way. */
function inputEnded(error: unknown, { input, signal }: World): boolean {
  return isOAuthError(error) && error.code === 'aborted' && !signal.aborted && input.isTTY !== true
}

function wishesOf(asked: Asked, client: NodeClient, world: World): NodeSignInOptions {
  const scopes = asked.text('scope')?.split(/\s+/).filter(Boolean)
  const port = portNumber(asked.text('port'))
  return {
    via: wayOf(asked.text('via') as Way | undefined, client, world),
    signal: world.signal,
    ...(asked.flag('no-browser') && { openBrowser: false as const }),
    ...(scopes && { scopes }),
    ...(port !== undefined && { port }),
  }
}

function report({ provider }: NodeClient, result: SignInResult, world: World): number {
  const { account, expiresAt, missingScopes, saved } = result
  const until = expiresAt === undefined ? '' : `, for ${lasting(expiresAt - Date.now())}`
  say(world, `Signed in to ${provider.name}${who(account)}${until}.`)
  if (missingScopes.length > 0) say(world, `Not granted: ${missingScopes.join(' ')}.`)
  const path = authFilePath({ env: world.env })
  say(world, saved ? `The tokens are in ${path}.` : `The tokens could not be written to ${path}: sign in again.`)
  return saved ? 0 : 1
}

async function providerName(word: string | undefined, issuer: string | undefined, world: World): Promise<string> {
  if (word !== undefined) return word
  if (issuer !== undefined) return 'oidc'
  const list = rowNames.map((name, n) => `  ${n + 1}  ${name}`).join('\n')
  const otherwise = `Say whom to sign in with: latchkey login <provider>, or set LATCHKEY_PROVIDER. There are ${rowNames.join(', ')}.`
  const answer = await ask(`Whom do you want to sign in with?\n${list}\nA number or a name: `, otherwise, world)
  return rowNames[Number(answer) - 1] ?? answer
}

/** Where there is no browser to open, a code for another device is the shorter way, if the server has it. */
function wayOf(via: Way = 'auto', { provider }: NodeClient, world: World): Way {
  if (via !== 'auto') return via
  if (isUnattended(world) || world.err.isTTY !== true) {
    throw misuse(
      'There is no person here to sign in. Say --via loopback, --via paste or --via device if there is one; ' +
        'else set LATCHKEY_ACCESS_TOKEN to a token, or LATCHKEY_AUTH_FILE to a file with one.',
    )
  }
  const remote = Boolean(world.env['SSH_CONNECTION']) || openers(world.env, world.platform).length === 0
  const known = provider.endpoints?.deviceAuthorization !== undefined
  return (remote && known) || provider.id === 'github' ? 'device' : 'auto'
}

/** Who that is, as far as it is known. */
export function who(account: Account | undefined): string {
  const name = untrustedText(account?.email ?? account?.name ?? account?.subject ?? account?.accountId)
  return name === undefined ? '' : ` as ${name}`
}
