import type { ServerResponse } from 'node:http'
import { callbackPage } from './callback-page.node.ts'
import type { CallbackOutcome, CallbackTexts } from './callback-page.node.ts'

/** Browsers that wait to be told how a sign-in went. */
export interface HeldResponses {
  add(response: ServerResponse): void
  /** Tells all of them. Resolves when the pages have left, or cannot. */
  answer(outcome: CallbackOutcome): Promise<void>
}

/** Holds responses back. There may be several: people reload, and browsers repeat requests. */
export function heldResponses(texts?: CallbackTexts): HeldResponses {
  const held = new Set<ServerResponse>()
  return {
    add: (response) => {
      held.add(response)
      response.once('close', () => held.delete(response))
    },
    answer: async (outcome) => {
      const status = outcome === 'failed' ? 400 : 200
      await Promise.all([...held].map((response) => sendPage(response, { status, outcome, texts })))
    },
  }
}

/** Sends a page and ends the connection. Resolves when the page has left, or cannot. */
export function sendPage(
  response: ServerResponse,
  page: { readonly status: number; readonly outcome: CallbackOutcome; readonly texts: CallbackTexts | undefined },
): Promise<void> {
  const { html, headers } = callbackPage(page.outcome, page.texts)
  return new Promise((resolve) => {
    response.once('finish', resolve).once('close', resolve)
    response.writeHead(page.status, page.status === 405 ? { ...headers, Allow: 'GET' } : headers).end(html)
  })
}
