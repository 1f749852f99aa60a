import type { SignInResult } from '../client/client.ts'
import { untrustedText } from '../errors.ts'
import { attempt } from './attempt.ts'
import { personLimit } from './person-limit.ts'
import type { NodeSignInOptions, SignInClient } from './sign-in-options.ts'

/**
 * Signs in with a code that the person enters on any device. Ends when the server's time for it does.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8628 RFC 8628}
 */
export async function signInByDevice(client: SignInClient, options: NodeSignInOptions): Promise<SignInResult> {
  const { output = process.stderr, openBrowser, drawAddress, timeout, signal, scopes, resource, appState } = options
  const limit = personLimit(timeout, signal)
  const wishes = { ...(scopes && { scopes }), ...(resource !== undefined && { resource }), signal: limit.signal }
  try {
    const device = await client.device(wishes)
    const address = new URL(device.verificationUri)
    const complete = new URL(device.verificationUriComplete ?? address)
    output.write(
      `To sign in to ${client.provider.name}, open this address on any device:\n\n${address.href}\n\n` +
        `and enter this code:\n\n${untrustedText(device.userCode) ?? ''}\n\n` +
        'Enter only codes that you asked for yourself, never one that somebody sent you.\n',
    )
    if (drawAddress) output.write(`\n${drawAddress(complete)}\n`)
    if (openBrowser) attempt(openBrowser, complete)
    const result = await device.wait({ signal: limit.signal })
    return appState === undefined ? result : { ...result, appState }
  } catch (error) {
    throw limit.reason() ?? error
  } finally {
    limit.stop()
  }
}
