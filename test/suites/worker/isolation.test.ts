import { describe, expect, it } from 'vitest'
import { makeRequest, toReply } from './browser.ts'
import { gather, random } from './crowd.ts'
import type { Crowd } from './crowd.ts'
import { origin } from './rig.ts'

const { process } = globalThis as { readonly process?: { readonly env?: Readonly<Record<string, string | undefined>> } }
const requests = Number(process?.env?.['LATCHKEY_REQUESTS'] ?? 5000)
const atOnce = 100

interface Tally {
  right: number
  wrong: number
  refused: number
  aborted: number
  other: string[]
}

/** One person's request, now and then given up on the way. */
async function ask({ handler, people }: Crowd, index: number, giveUp: boolean, tally: Tally): Promise<void> {
  const person = people[index % people.length]
  if (person === undefined) return
  const stop = new AbortController()
  const headers = { cookie: person.cookie, 'latchkey-csrf': '1', origin }
  const method = index % 3 === 0 ? 'POST' : 'GET'
  const body = method === 'POST' ? '{}' : undefined
  const request = makeRequest(`${origin}/api/me`, { method, headers, body, signal: stop.signal })
  if (giveUp) setTimeout(() => stop.abort(), 1)
  const outcome = await handler.answer(request).then(toReply)
  const text = await outcome.text()
  if (outcome.status === 200 && text === JSON.stringify({ name: person.name })) tally.right++
  else if (text.includes('person-')) tally.wrong++
  else if (outcome.status === 401) tally.refused++
  else if (stop.signal.aborted) tally.aborted++
  else tally.other.push(`${outcome.status} ${text}`)
}

describe('1000 people', () => {
  it(`who ask ${requests} times, all mixed up, with nonces, refusals and aborts, each get their own answer`, {
    timeout: 60_000 + requests * 10,
  }, async () => {
    const crowd = await gather(1000)
    const tally: Tally = { right: 0, wrong: 0, refused: 0, aborted: 0, other: [] }
    const chance = random(11)
    let left = requests
    const worker = async (): Promise<void> => {
      while (left-- > 0) await ask(crowd, Math.floor(chance() * 1_000_000), chance() < 0.05, tally)
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    expect(tally.other.slice(0, 5)).toEqual([])
    expect(tally.wrong).toBe(0)
    expect(tally.right + tally.refused + tally.aborted).toBe(requests)
    expect(tally.right).toBeGreaterThan(requests * 0.75)
    // It was no easy day.
    const { refreshes, challenged, refused, reused } = crowd.asked
    expect(Math.min(refreshes, challenged, refused)).toBeGreaterThan(requests / 50)
    expect(reused).toBe(0)
  })
})
