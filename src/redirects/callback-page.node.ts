import { createHash } from 'node:crypto'
import { escapeHtml } from './escape-html.ts'

/**
 * What a browser is told: the person is signed in; they are not, and the program says why; the
 * answer has arrived, and the program knows more; or nothing is expected at this address.
 */
export type CallbackOutcome = 'signed-in' | 'failed' | 'received' | 'unexpected'

/** One page's words. Shown as text, never as HTML. */
export interface CallbackText {
  readonly title: string
  readonly text: string
}

/** Words of your own for some of the pages, for example in another language. Never put input of a request here. */
export interface CallbackTexts extends Partial<Readonly<Record<CallbackOutcome, CallbackText>>> {
  /** The language of your words (BCP 47). @default 'en' */
  readonly lang?: string
}

/** A page, ready to be sent. */
export interface CallbackPage {
  readonly headers: Readonly<Record<string, string>>
  readonly html: string
}

const english: Readonly<Record<CallbackOutcome, CallbackText>> = {
  'signed-in': { title: 'You are signed in', text: 'You can close this page and go back to where you started.' },
  failed: {
    title: 'You are not signed in',
    text: 'Go back to where you started. It tells you why, and how to try again.',
  },
  received: {
    title: 'Almost there',
    text: 'Your answer has arrived. Go back to where you started to see how it went.',
  },
  unexpected: {
    title: 'This page is not for you',
    text: 'Nothing was changed. If you are signing in, go on in the other window.',
  },
}

// Each is drawn on a 24 × 24 grid, with a round pen.
const marks: Readonly<Record<CallbackOutcome, string>> = {
  'signed-in': 'M6.5 12.5l3.7 3.7 7.3-7.9',
  failed: 'M8 8l8 8M16 8l-8 8',
  received: 'M12 6.5v6l3.5 2.5',
  unexpected: 'M12 7v6M12 16.6v.1',
}

const style = `
:root{color-scheme:light dark;--ground:#f6f5f2;--card:#fff;--line:#0000000f;--ink:#1f1e1c;--soft:#66635d;--mark:#6d6a64}
@media(prefers-color-scheme:dark){:root{--ground:#161615;--card:#201f1e;--line:#ffffff14;--ink:#f1efeb;--soft:#a8a49c;--mark:#a8a49c}}
.signed-in{--mark:#2f7d4f}.failed{--mark:#b4472f}
@media(prefers-color-scheme:dark){.signed-in{--mark:#6cc08f}.failed{--mark:#e58a73}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-font-smoothing:antialiased}
main{width:100%;max-width:400px;padding:44px 36px 40px;text-align:center;background:var(--card);border:1px solid var(--line);border-radius:18px;box-shadow:0 1px 2px #0000000a,0 12px 40px #0000000f}
svg{width:56px;height:56px;color:var(--mark);fill:none;stroke:currentColor;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
circle{fill:currentColor;fill-opacity:.1;stroke:none}
h1{margin:20px 0 8px;font-size:22px;line-height:1.3;font-weight:600;letter-spacing:-.01em;text-wrap:balance}
p{color:var(--soft);text-wrap:balance}
`

/**
 * Gives the page for `outcome`. It is the same whatever was asked, so that nothing of a request is
 * reflected; it runs no script, loads nothing, and is not stored.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8252#section-8.4 RFC 8252, section 8.4}
 */
export function callbackPage(outcome: CallbackOutcome, texts: CallbackTexts = {}): CallbackPage {
  const { title, text } = texts[outcome] ?? english[outcome]
  const html = `<!doctype html>
<html lang="${escapeHtml(texts.lang ?? 'en')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main class="${outcome}">
<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="12"/><path d="${marks[outcome]}"/></svg>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
</main>
</body>
</html>
`
  return { html, headers: headersFor(html) }
}

function headersFor(html: string): Readonly<Record<string, string>> {
  const hash = createHash('sha256').update(style).digest('base64')
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(html)),
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  }
}
