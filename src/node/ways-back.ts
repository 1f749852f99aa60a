import { OAuthError } from '../errors.ts'
import type { RedirectPlan } from './redirect-plan.ts'
import type { NodeSignInOptions } from './sign-in-options.ts'

/** The ways by which one sign-in's answer may come back: at least one of a loopback port and a hosted page. */
export interface WaysBack extends RedirectPlan {
  /** Whether lines are read: what the hosted page shows, or the address the browser ended at. */
  readonly paste: boolean
}

/**
 * Chooses the ways. `auto` pastes only where a person can be asked: in a terminal, or from an `input`
 * that the application gave.
 *
 * Errors: `unsupported` when no way is left.
 */
export function waysBack(plan: RedirectPlan, options: NodeSignInOptions, isTerminal: boolean): WaysBack {
  const { via, port } = options
  const paste = mayPaste(options, isTerminal)
  const { hosted } = paste ? plan : {}
  const loopback = via === 'paste' && hosted !== undefined ? undefined : plan.loopback
  if (loopback === undefined && hosted === undefined) {
    throw new OAuthError('unsupported', { what: 'this sign-in without a loopback redirect URI or a paste' })
  }
  return {
    paste,
    ...(hosted !== undefined && { hosted }),
    ...(loopback && { loopback: { ...loopback, ports: port === undefined ? loopback.ports : [port] } }),
  }
}

function mayPaste({ via = 'auto', input }: NodeSignInOptions, isTerminal: boolean): boolean {
  return via === 'paste' || (via === 'auto' && (isTerminal || input !== undefined))
}
