import type { DeviceGrant } from './ledger.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import type { User } from './options.ts'
import { randomSecret } from './random.ts'
import type { Refusal } from './refusal.ts'
import type { Settings } from './settings.ts'

/** A page for a person. */
export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Where its form may lead, besides this server: browsers hold a redirect after a form to this, too. */
  readonly formAction?: string
}

const style = `
:root { color-scheme: light dark; --ink: #1d1d1f; --dim: #6e6e73; --ground: #f5f5f7; --card: #fff; --line: #d2d2d7; --go: #0066cc }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f5f5f7; --dim: #a1a1a6; --ground: #000; --card: #1d1d1f; --line: #424245; --go: #2997ff }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100dvh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground) }
main { width: 100%; max-width: 24rem; padding: 2rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--card) }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25 }
p { margin: 0 0 1rem; color: var(--dim); overflow-wrap: anywhere }
fieldset { margin: 0 0 1rem; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: .5rem }
legend { color: var(--dim); font-size: .875rem }
label { display: block; padding: .25rem 0 }
input[type=text] { width: 100%; padding: .5rem .75rem; font: inherit; border: 1px solid var(--line); border-radius: .5rem }
button { width: 100%; margin-top: .5rem; padding: .625rem; font: inherit; border: 1px solid var(--line); border-radius: .5rem;
  color: var(--ink); background: transparent; cursor: pointer }
button.go { color: #fff; background: var(--go); border-color: transparent }
@media (prefers-color-scheme: dark) { button.go { color: #000 } }
:focus-visible { outline: 2px solid var(--go); outline-offset: 2px }`

/** Writes a page that runs no script, loads nothing and cannot be framed. */
export function pageAnswer({ title, body, status = 200, headers, formAction = '' }: Page): Response {
  const nonce = randomSecret('style')
  const document = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style nonce="${nonce}">${{ html: style }}</style>
<main><h1>${title}</h1>${body}</main>
</html>`
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `form-action 'self' ${formAction}`.trim(),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return new Response(document.html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  })
}

/** Tells a person why it goes no further. */
export function refusalPage({ status, description, headers = {} }: Refusal): Response {
  return pageAnswer({ title: 'This cannot go on', body: html`<p>${description}</p>`, status, headers })
}

/** Asks a person whether a client may act for them. */
export function consentPage({ users, endpoints }: Settings, request: AuthorizationRequest, ticket: string): Page {
  const { target, scopes } = request
  return {
    title: 'Sign in',
    formAction: formAction(target.redirectUri),
    body: html`<p>${target.client.clientId} asks for access.</p>
<form method="post" action="${endpoints.authorization}">
<input type="hidden" name="ticket" value="${ticket}">
${userChoice(users)}${scopeChoice(scopes)}${decisions}</form>`,
  }
}

/** Asks a person for the code that their device shows. */
export function deviceCodePage({ endpoints }: Settings, hint: string): Page {
  return {
    title: 'Connect a device',
    body: html`<p>${hint}</p>
<form method="get" action="${endpoints.verification}">
<label>Code <input type="text" name="user_code" autocomplete="off" autocapitalize="characters" required></label>
<button class="go">Continue</button></form>`,
  }
}

/** Asks a person whether a device may act for them. */
export function deviceConsentPage({ endpoints, users }: Settings, grant: DeviceGrant): Page {
  return {
    title: 'Connect a device',
    body: html`<p>${grant.clientId} asks for access. Its screen must show ${grant.userCode}.</p>
<form method="post" action="${endpoints.verification}">
<input type="hidden" name="user_code" value="${grant.userCode}">
${userChoice(users)}${scopeChoice(grant.scopes)}${decisions}</form>`,
  }
}

const decisions = html`<button class="go" name="decision" value="approve">Approve</button>
<button name="decision" value="deny">Deny</button>`

function userChoice(users: readonly User[]): Html {
  const choices = users.map(
    ({ sub, name = sub }, index) =>
      html`<label><input type="radio" name="user" value="${sub}"${index === 0 ? html` checked` : undefined}> ${name}</label>`,
  )
  return html`<fieldset><legend>Who are you?</legend>${choices}</fieldset>`
}

function scopeChoice(scopes: readonly string[]): Html | undefined {
  if (scopes.length === 0) return undefined
  const choices = scopes.map(
    (scope) => html`<label><input type="checkbox" name="scope" value="${scope}" checked> ${scope}</label>`,
  )
  return html`<fieldset><legend>It may</legend>${choices}</fieldset>`
}

function formAction(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri)
  return origin === 'null' ? protocol : origin
}
