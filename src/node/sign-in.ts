import type { SignInResult } from '../client/client.ts'
import { isOAuthError } from '../errors.ts'
import type { RedirectPlan } from './redirect-plan.ts'
import { signInByBrowser } from './sign-in-by-browser.ts'
import { signInByDevice } from './sign-in-by-device.ts'
import type { NodeSignInOptions, SignInClient } from './sign-in-options.ts'

/** Signs in the way `options.via` says; `auto` asks for a device code where no callback port is free. */
export async function signIn(
  client: SignInClient,
  plan: RedirectPlan,
  options: NodeSignInOptions,
): Promise<SignInResult> {
  if (options.via === 'device') return signInByDevice(client, options)
  try {
    return await signInByBrowser(client, plan, options)
  } catch (error) {
    const mayAsk = (options.via ?? 'auto') === 'auto' && client.provider.endpoints?.deviceAuthorization !== undefined
    if (mayAsk && isOAuthError(error) && error.code === 'port_in_use') return signInByDevice(client, options)
    throw error
  }
}
