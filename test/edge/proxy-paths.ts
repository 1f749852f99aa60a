import type { EdgeRow, PartOptions } from './part.ts'
import { goodTargets, isAllowed, pathCorpus, type RawTarget } from './path-corpus.ts'
import { type RawAnswer, rawRequest } from './raw-request.ts'
import { type Edge, type EdgeVariant, startEdge, usual, variants } from './start-edge.ts'
import { upstreamText } from './upstream.ts'

/** Sends the corpus of paths over raw sockets, and looks at what arrived upstream and what came back. */
export async function proxyPaths({ short }: PartOptions): Promise<readonly EdgeRow[]> {
  const rows: EdgeRow[] = []
  for (const variant of short ? [usual] : variants) rows.push(...(await underVariant(variant)))
  return rows
}

interface Sent extends RawTarget {
  readonly answer: RawAnswer
}

async function underVariant(variant: EdgeVariant): Promise<readonly EdgeRow[]> {
  const edge = await startEdge(variant)
  try {
    const sent: Sent[] = []
    for (const raw of pathCorpus()) sent.push({ ...raw, answer: await send(edge, raw) })
    return judge(edge, sent, `${variant.compatibilityDate}${variant.nodeCompat ? ' nodejs_compat' : ''}`)
  } finally {
    await edge.close()
  }
}

function send({ urls: [url = new URL('http://localhost')] }: Edge, raw: RawTarget): Promise<RawAnswer> {
  const length = raw.method === 'GET' || raw.method === 'HEAD' ? {} : { 'content-length': '0' }
  return rawRequest(url, { ...raw, headers: { 'latchkey-csrf': '1', cookie: 'session=secret-cookie', ...length } })
}

function judge(edge: Edge, sent: readonly Sent[], name: string): readonly EdgeRow[] {
  const foreign = [
    ...edge.upstream.arrivals.filter(({ method, target }) => !isAllowed('upstream', method, target)),
    ...edge.elsewhere.arrivals.filter(({ method, target }) => !isAllowed('elsewhere', method, target)),
  ]
  const arrived = edge.upstream.arrivals.length + edge.elsewhere.arrivals.length
  const good = sent.slice(0, goodTargets).filter(({ answer }) => answer.status === 200)
  const answered = sent.filter(({ answer }) => answer.status === 200)
  const refused = sent.filter(({ answer }) => answer.status !== 200)
  // What is no HTTP is refused by workerd itself, before any Worker.
  const byWorker = refused.filter(({ answer }) => answer.headers.has('cache-control'))
  const wrong = byWorker.filter(({ method, answer }) => !isRefusal(method, answer))
  const strange = byWorker.filter(({ answer }) => answer.status < 400 || answer.status > 499)
  const leaking = refused.filter(({ answer }) => holds(answer, [...edge.secrets, upstreamText, 'secret-cookie']))
  const list = (items: readonly RawTarget[]): string =>
    items
      .slice(0, 5)
      .map(({ method, target }) => `; ${method} ${target}`)
      .join('')
  const row = (what: string, measured: string, ok: boolean): EdgeRow => ({
    what: `${name}: ${what}`,
    measured,
    holds: ok,
  })
  return [
    row('targets that are allowed get through', `${good.length} of ${goodTargets}`, good.length === goodTargets),
    row(
      'targets in the corpus',
      `${sent.length}, ${answered.length} answered, ${arrived} arrived`,
      sent.length >= 300 && answered.length === arrived,
    ),
    row('upstream saw only allowed (method, path)', `${foreign.length} others${list(foreign)}`, foreign.length === 0),
    row('every refusal of the Worker is a 4xx', `${strange.length} others${list(strange)}`, strange.length === 0),
    row(
      'every refusal of the Worker is JSON',
      `${wrong.length} of ${byWorker.length} not${list(wrong)}`,
      wrong.length === 0,
    ),
    row(
      'what is no request target, workerd refuses before the Worker',
      `${refused.length - byWorker.length}`,
      refused.length - byWorker.length < 20,
    ),
    row('no refusal holds a token or upstream text', `${leaking.length} do`, leaking.length === 0),
  ]
}

function isRefusal(method: string, { headers, body }: RawAnswer): boolean {
  if (headers.get('content-type')?.startsWith('application/json') !== true) return false
  if (method === 'HEAD') return body === ''
  const { error } = JSON.parse(body) as { readonly error?: unknown }
  return typeof error === 'string' && /^[a-z_]+$/.test(error) && body.length < 200
}

function holds({ headers, body }: RawAnswer, texts: readonly string[]): boolean {
  const all = JSON.stringify([...headers]) + body
  return texts.some((text) => all.includes(text))
}
