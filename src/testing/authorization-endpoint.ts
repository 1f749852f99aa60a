import { redirectTo } from './answers.ts'
import { judgeAuthorization } from './approval.ts'
import type { Call, Context } from './context.ts'
import type { Approval } from './options.ts'
import { consentPage, pageAnswer } from './pages.ts'
import { randomSecret } from './random.ts'
import { refuse } from './refusal.ts'

/** The authorization endpoint (RFC 6749, section 3.1), and where its own page posts the person's answer. */
export function authorizationEndpoint(context: Context, call: Call): Response {
  return call.params.has('ticket') ? answered(context, call) : asked(context, call)
}

function asked(context: Context, call: Call): Response {
  const { autoApprove } = context.settings
  const automatic = typeof autoApprove === 'object' ? autoApprove : autoApprove ? {} : undefined
  return judged(context, call, call.params, automatic)
}

function answered(context: Context, call: Call): Response {
  const { tickets } = context.ledger
  const ticket = call.params.get('ticket') ?? ''
  const params = tickets.get(ticket)
  if (params === undefined) return refuse('invalid_request', 'This page was answered before.')
  const approval = formApproval(context, call.params)
  tickets.delete(ticket)
  return judged(context, call, params, approval)
}

function judged(context: Context, { entry }: Call, params: URLSearchParams, approval?: Approval): Response {
  entry.clientId = params.get('client_id') ?? ''
  const verdict = judgeAuthorization(context, params, approval)
  if ('ask' in verdict) {
    const ticket = randomSecret('ticket')
    context.ledger.tickets.set(ticket, params)
    return pageAnswer(consentPage(context.settings, verdict.ask, ticket))
  }
  if (verdict.refusal === undefined) entry.committed = true
  else entry.error = verdict.refusal.error
  return redirectTo(verdict.callback)
}

/** Reads what a person chose on one of our pages. */
export function formApproval({ settings }: Context, params: URLSearchParams): Approval {
  const user = params.get('user')
  if (params.get('decision') !== 'approve') return { deny: 'access_denied' }
  if (user !== null && settings.users.every(({ sub }) => sub !== user))
    refuse('invalid_request', 'Nobody has that name.')
  return { scopes: params.getAll('scope'), ...(user !== null && { user }) }
}
