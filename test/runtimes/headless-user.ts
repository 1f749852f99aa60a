/** What a headless user shall do. */
export interface Errand {
  /** Where the user is sent: an authorization request, or a page to enter a device code. */
  readonly url: string
  /** The prefix at which to stop: the redirect URI. Nothing is sent there. */
  readonly stop?: string
  /** Who signs in; becomes the subject. @default 'ada' */
  readonly login?: string
  /** Says no where asked for consent. */
  readonly deny?: boolean
}

/** Where an errand ended. */
export interface Arrival {
  readonly url: string
  /** The status of the last page; absent when `stop` was reached. */
  readonly status?: number
}

const longestErrand = 30

/** Signs in as a person would: follows redirects, keeps cookies, and submits the forms it is shown. */
export async function runErrand(errand: Errand): Promise<Arrival> {
  const browse = cookieJar()
  let at = errand.url
  let response = await browse(at)
  for (let step = 0; step < longestErrand; step++) {
    const next = await nextStep(response, errand)
    if (next === undefined) return { url: at, status: response.status }
    at = new URL(next.to, at).href
    if (next.redirected && errand.stop !== undefined && at.startsWith(errand.stop)) return { url: at }
    response = await browse(at, next.form && { method: 'POST', body: next.form })
  }
  throw new Error(`The sign-in did not end after ${longestErrand} steps.`)
}

interface Step {
  readonly to: string
  readonly redirected?: boolean
  readonly form?: URLSearchParams
}

async function nextStep(response: Response, errand: Errand): Promise<Step | undefined> {
  const page = await response.text()
  const location = response.headers.get('location')
  if (location !== null) return { to: location, redirected: true }
  const abort = /href="([^"]*\/abort)"/.exec(page)?.[1]
  if (errand.deny === true && abort !== undefined) return { to: unescape(abort) }
  const form = /<form[^>]*action="([^"]*)"[\s\S]*?<\/form>/.exec(page)
  return form?.[1] === undefined ? undefined : { to: unescape(form[1]), form: fill(form[0], errand) }
}

function fill(form: string, { login = 'ada', deny = false }: Errand): URLSearchParams {
  const fields = new URLSearchParams()
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(input)?.[1]
    if (name !== undefined) fields.set(name, unescape(/value="([^"]*)"/.exec(input)?.[1] ?? ''))
  }
  if (fields.has('login')) {
    fields.set('login', login)
    fields.set('password', 'any')
  }
  if (fields.has('user_code')) fields.set(deny ? 'abort' : 'confirm', 'yes')
  return fields
}

type Browse = (url: string, init?: RequestInit) => Promise<Response>

function cookieJar(): Browse {
  const jar = new Map<string, { readonly pair: string; readonly path: string }>()
  return async (url, init = {}) => {
    const { pathname } = new URL(url)
    const cookies = [...jar.values()].filter(({ path }) => pathname.startsWith(path)).map(({ pair }) => pair)
    const headers = { cookie: cookies.join('; ') }
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(10_000) })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
      const name = pair.slice(0, pair.indexOf('='))
      if (pair.endsWith('=')) jar.delete(`${path} ${name}`)
      else jar.set(`${path} ${name}`, { pair, path })
    }
    return response
  }
}

const unescape = (html: string): string => html.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=')
