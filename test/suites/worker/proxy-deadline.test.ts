import { describe, expect, it } from 'vitest'
import { openDeadline } from '../../../src/worker/proxy-deadline.ts'

const never = new Promise<never>(() => undefined)

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

describe('the wait for upstream', () => {
  it('has an end where nobody named one, and upstream keeps the signal of the request', async () => {
    const { signal } = new AbortController()
    const deadline = openDeadline(undefined, signal, undefined, 20)
    expect(deadline.signal).toBe(signal)
    await expect(deadline.wait(never)).rejects.toBeUndefined()
    expect(deadline.passed()).toBe(true)
  })

  it('ends the request upstream where the time was named', async () => {
    const deadline = openDeadline(20, new AbortController().signal, undefined)
    await expect(deadline.wait(never)).rejects.toBeUndefined()
    expect([deadline.signal.aborted, deadline.passed()]).toEqual([true, true])
  })

  it.each([20, undefined])('begins when it is first waited for, and ends when it is cleared: %s', async (ms) => {
    const deadline = openDeadline(ms, new AbortController().signal, undefined, 20)
    await pause(60)
    expect(await deadline.wait(Promise.resolve('answer'))).toBe('answer')
    deadline.clear()
    await pause(60)
    expect([deadline.signal.aborted, deadline.passed()]).toEqual([false, false])
  })

  it('does not begin anew', async () => {
    const deadline = openDeadline(undefined, new AbortController().signal, undefined, 200)
    const began = Date.now()
    await deadline.wait(pause(150))
    await expect(deadline.wait(never)).rejects.toBeUndefined()
    expect(Date.now() - began).toBeLessThan(340)
  })

  it.each(['the request', 'the caller'])('ends with %s, for its reason', async (whose) => {
    const [request, caller] = [new AbortController(), new AbortController()]
    const deadline = openDeadline(undefined, request.signal, caller.signal)
    const waiting = deadline.wait(never)
    const leaving = whose === 'the request' ? request : caller
    leaving.abort(new Error('gone'))
    expect([deadline.signal.aborted, deadline.passed()]).toEqual([true, false])
    expect(String(deadline.signal.reason)).toBe('Error: gone')
    void waiting.catch(() => undefined)
    deadline.clear()
  })
})
