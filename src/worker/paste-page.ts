import type { Answer } from './answer.ts'
import { html, pageAnswer } from './page.ts'
import type { WorkerConfig } from './worker-config.ts'

/** What the page shows: the way to the provider, or what is wrong with what was pasted. */
export type PasteContent = { readonly link: string } | { readonly complaint: string; readonly again: string }

/** Writes the page on which a person pastes what the provider's page showed them. Nothing pasted is repeated. */
export function pastePage({ basePath, client }: WorkerConfig, content: PasteContent): Answer {
  const { name } = client.provider
  const complaint = 'complaint' in content ? content.complaint : undefined
  const way =
    'link' in content
      ? html`<p>It opens in a new tab. When you have agreed, it shows you a line to copy.</p>
<a class="go" href="${content.link}" target="_blank" rel="noopener noreferrer">Go to ${name}</a>`
      : html`<p>Use the tab that was opened for you, or <a href="${content.again}">begin once more</a>.</p>`
  const body = html`<p>${name} does not send you back here by itself.</p>
<ol>
<li>${way}</li>
<li>
<form method="post" action="${basePath}/paste" autocomplete="off">
<label for="answer">Paste the line here</label>
${complaint === undefined ? undefined : html`<p class="bad" id="complaint" role="alert">${complaint}</p>`}
<input id="answer" name="answer" required autocapitalize="off" autocorrect="off" spellcheck="false"${complaint === undefined ? undefined : html` aria-invalid="true" aria-describedby="complaint" autofocus`}>
<button class="go">Sign in</button>
</form>
</li>
</ol>`
  return pageAnswer({ status: complaint === undefined ? 200 : 400, title: `Sign in with ${name}`, body, form: true })
}
