import { generateState } from '../core/index.ts'
import { escapeHtml } from '../redirects/escape-html.ts'
import type { Answer } from './answer.ts'

/** Markup that is ready to be sent. */
export interface Markup {
  readonly markup: string
}

/** Writes markup; whatever is put in becomes text, unless it is markup itself. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Markup | undefined)[]): Markup {
  const written = values.map((value) => (typeof value === 'object' ? value.markup : escapeHtml(value ?? '')))
  return { markup: parts.map((part, index) => part + (written[index] ?? '')).join('') }
}

/** A page for a person. */
export interface Page {
  readonly status: number
  readonly title: string
  readonly body: Markup
  /** Whether it holds a form of ours. Its request must say where it comes from, so the page may. */
  readonly form?: boolean
}

const style = `
:root{color-scheme:light dark;--ground:#f6f5f2;--card:#fff;--line:#00000014;--edge:#8a867e;--ink:#1f1e1c;--soft:#66635d;--go:#1f1e1c;--on-go:#fff;--bad:#a33a24}
@media(prefers-color-scheme:dark){:root{--ground:#161615;--card:#201f1e;--line:#ffffff1a;--edge:#8a867e;--ink:#f1efeb;--soft:#a8a49c;--go:#f1efeb;--on-go:#1f1e1c;--bad:#f0967f}}
*{box-sizing:border-box;margin:0}
body{min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-font-smoothing:antialiased}
main{width:100%;max-width:440px;padding:36px;background:var(--card);border:1px solid var(--line);border-radius:18px;box-shadow:0 1px 2px #0000000a,0 12px 40px #0000000f}
@media(max-width:480px){main{padding:28px 22px}}
h1{margin:0 0 10px;font-size:22px;line-height:1.3;font-weight:600;letter-spacing:-.01em;text-wrap:balance}
p{color:var(--soft);text-wrap:pretty}
p+p{margin-top:10px}
ol{margin:20px 0 0;padding:0;list-style:none;counter-reset:step}
li{position:relative;padding-left:40px;counter-increment:step}
li+li{margin-top:24px}
li::before{content:counter(step);position:absolute;left:0;top:-1px;width:26px;height:26px;border:1px solid var(--line);border-radius:50%;font-size:13px;line-height:24px;text-align:center;color:var(--soft)}
label{display:block;margin-bottom:8px}
input{width:100%;padding:11px 14px;font:15px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:inherit;background:transparent;border:1px solid var(--edge);border-radius:10px}
.go{display:inline-block;margin-top:14px;padding:11px 20px;font:inherit;font-weight:500;color:var(--on-go);background:var(--go);border:0;border-radius:10px;text-decoration:none;cursor:pointer}
li .go{margin-top:10px}
a{color:inherit}
:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
.bad{margin-bottom:10px;color:var(--bad)}
.code{margin-top:24px;font:13px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
`

/** Writes a page that runs no script, loads nothing, cannot be framed and is not stored. */
export function pageAnswer({ status, title, body, form = false }: Page): Answer {
  const nonce = generateState()
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    `form-action ${form ? "'self'" : "'none'"}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${{ markup: style }}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'referrer-policy': form ? 'same-origin' : 'no-referrer',
  })
  return { status, headers, body: document.markup }
}
