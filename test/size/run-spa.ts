import { chromium } from 'playwright'
import type { Page, Route } from 'playwright'
import { createAuthorizationServer } from '../../src/testing/index.ts'
import type { AuthorizationServer } from '../../src/testing/index.ts'
import { chromiumOptions } from '../runtimes/chromium-options.ts'
import { bundle } from './bundle.ts'
import type { Job } from './jobs.ts'

const app = 'https://app.example.com'
const issuer = 'https://id.example.com'
const api = 'https://api.example.com'

/** What a job did. */
export interface Run {
  /** The files that the browser asked for. */
  readonly files: readonly string[]
  /** What the authorization server was asked for, in order. */
  readonly requests: readonly string[]
}

/**
 * Runs a page's job in a real browser: sign-in, API call, refresh, sign-out. Every request is answered here, so that
 * nothing leaves this machine.
 */
export async function runSpa(job: Job): Promise<Run> {
  const browser = await chromium.launch(chromiumOptions())
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(20_000)
    page.on('pageerror', (error) => console.error(String(error)))
    const server = createAuthorizationServer({
      issuer,
      autoApprove: true,
      // A row that names its endpoints has no metadata to announce `iss` in.
      responseIss: 'off',
      clients: [{ clientId: 'spa', redirectUris: [`${app}/callback`] }],
    })
    const files = await answerAll(page, job, server)
    await page.goto(app)
    await page.getByText('Hello').waitFor()
    await page.click('#sign-out')
    await waitUntil(() => server.history.count({ endpoint: 'revocation' }) > 0)
    return { files: [...files], requests: server.history.filter({}).map(({ endpoint, grant }) => grant ?? endpoint) }
  } finally {
    await browser.close()
  }
}

/** Gives the names of the files that were asked for; more come in as the page asks. */
async function answerAll(page: Page, job: Job, server: AuthorizationServer): Promise<ReadonlySet<string>> {
  const { outputFiles } = await bundle(job, true)
  const scripts = new Map(outputFiles.map(({ path, text }) => [path.split('/').at(-1) ?? '', text]))
  const asked = new Set<string>()
  let calls = 0
  await page.route('**/*', async (route) => {
    const { origin, pathname } = new URL(route.request().url())
    if (origin === issuer) return passOn(route, server)
    // The first token is refused, so that it is renewed.
    if (origin === api)
      return route.fulfill({ ...cors, status: isPreflight(route) || calls++ > 0 ? 200 : 401, body: 'Hello' })
    const name = pathname.slice(1)
    const script = scripts.get(name)
    if (script === undefined) return route.fulfill({ contentType: 'text/html', body: html(job) })
    asked.add(name)
    return route.fulfill({ contentType: 'text/javascript', body: script })
  })
  return asked
}

function isPreflight(route: Route): boolean {
  return route.request().method() === 'OPTIONS'
}

const cors = { headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' } }

async function passOn(route: Route, server: AuthorizationServer): Promise<void> {
  const request = route.request()
  const { status, headers, ...response } = await server
    .fetch(request.url(), { method: request.method(), headers: request.headers(), body: request.postData() })
    .then(async (answer) => ({
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: await answer.text(),
    }))
  const { location } = headers
  // A page goes on by itself: intercepted redirects do not.
  if (location !== undefined)
    return route.fulfill({
      contentType: 'text/html',
      body: `<script>location.replace(${JSON.stringify(location)})</script>`,
    })
  return route.fulfill({ status, headers, ...response })
}

function html({ file }: Job): string {
  const button = '<!doctype html><link rel="icon" href="data:,"><button id="sign-out">Sign out</button><p></p>'
  return `${button}<script type="module" src="/${file.replace('.ts', '.js')}"></script>`
}

async function waitUntil(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('It did not come about.')
}
