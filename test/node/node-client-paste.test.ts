import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readPaste } from '../../src/redirects/paste.node.ts'
import { pasteComplaint } from '../../src/redirects/pasted-callback.ts'

const pending = [
  { state: 'state-one', redirectUri: 'http://localhost:1455/auth/callback' },
  { state: 'state-two', redirectUri: 'https://id.example.com/code?app=cli' },
]

const untouched = (event: string): number => new PassThrough().listenerCount(event)

function recorder(): Writable & { text: string } {
  const output = new Writable({
    write: (chunk, _encoding, done) => {
      recording.text += String(chunk)
      done()
    },
  })
  const recording = Object.assign(output, { text: '' })
  return recording
}

describe('a pasted answer', () => {
  it.each([
    'c0de#state-one',
    'c0de==#state-two',
    'http://localhost:1455/auth/callback?code=c0de&state=state-one',
    'HTTP://LOCALHOST:1455/auth/callback?code=c0de&state=state-one&scope=a',
    'http://localhost:1455/auth/callback?error=access_denied&state=state-one',
    'https://id.example.com/code?app=cli&code=c0de&state=state-two',
  ])('may be %s', (text) => {
    expect(pasteComplaint(text, pending)).toBeUndefined()
  })

  it.each([
    ['a code alone', 'c0de', /alone is not enough/],
    ['a code with an empty state', 'c0de#', /alone is not enough/],
    ['a state without a code', '#state-one', /alone is not enough/],
    ['another state', 'c0de#state-three', /another sign-in/],
    ['more than one #', 'c0de#state-one#x', /neither/],
    ['several words', 'c0de #state-one', /neither/],
    ['a query', 'code=c0de&state=state-one', /neither/],
    ['a query with a #', 'code=c0de#state-one', /neither/],
    ['another host', 'http://evil.example/auth/callback?code=c0de&state=state-one', /not the address/],
    ['another port', 'http://localhost:1456/auth/callback?code=c0de&state=state-one', /not the address/],
    ['another path', 'http://localhost:1455/callback?code=c0de&state=state-one', /not the address/],
    ['another scheme', 'https://localhost:1455/auth/callback?code=c0de&state=state-one', /not the address/],
    [
      'another name of the same host',
      'http://127.0.0.1:1455/auth/callback?code=c0de&state=state-one',
      /not the address/,
    ],
    [
      'a missing part of the registered query',
      'https://id.example.com/code?code=c0de&state=state-two',
      /not the address/,
    ],
    ['the state of the other way', 'http://localhost:1455/auth/callback?code=c0de&state=state-two', /another sign-in/],
    ['an address without state', 'http://localhost:1455/auth/callback?code=c0de', /only a part/],
    ['an address without code', 'http://localhost:1455/auth/callback?state=state-one', /only a part/],
    ['an address with two codes', 'http://localhost:1455/auth/callback?code=a&code=b&state=state-one', /only a part/],
    ['the address that was printed', 'https://id.example.com/authorize?state=state-one', /not the address/],
    ['a damaged address', 'http://[', /damaged/],
    ['a script', 'javascript:alert(1)#state-one-', /another sign-in/],
    ['too much', `${'a'.repeat(20_000)}#state-one`, /too long/],
  ])('may not be %s', (_name, text, complaint) => {
    expect(pasteComplaint(text, pending)).toMatch(complaint)
  })

  it('never has anything of it repeated', () => {
    for (const text of ['sEcReT', 'sEcReT#sEcReT', 'http://localhost:1455/auth/callback?code=sEcReT&state=sEcReT']) {
      expect(pasteComplaint(text, pending)).not.toContain('sEcReT')
    }
  })
})

describe('readPaste', () => {
  it('asks again until a line is good, and repeats nothing', async () => {
    const [input, output] = [new PassThrough(), recorder()]
    const answer = readPaste({ input, output, prompt: '> ', accept: (text) => pasteComplaint(text, pending) })
    input.write('sEcReT\n\n  \nsEcReT#other\r\nhttp://evil.example/?code=sEcReT\n  c0de#state-')
    input.write('one  \nignored#state-one\n')
    expect(await answer).toBe('c0de#state-one')
    expect(output.text.match(/> /g)).toHaveLength(6)
    expect(output.text).not.toContain('sEcReT')
    expect(input.isPaused()).toBe(true)
    for (const event of ['data', 'end', 'error', 'close']) expect(input.listenerCount(event)).toBe(untouched(event))
  })

  it('says nothing to what follows a good line in the same paste', async () => {
    const [input, output] = [new PassThrough(), recorder()]
    const answer = readPaste({ input, output, prompt: '> ', accept: (text) => pasteComplaint(text, pending) })
    input.write('c0de#state-one\n\nand more\n')
    expect(await answer).toBe('c0de#state-one')
    expect(output.text).toBe('> ')
  })

  it('takes a last line without a line end', async () => {
    const input = new PassThrough()
    input.end('c0de#state-one')
    const answer = readPaste({ input, output: recorder(), prompt: '', accept: (text) => pasteComplaint(text, pending) })
    expect(await answer).toBe('c0de#state-one')
  })

  it('gives nothing when the input ends, has ended, or breaks', async () => {
    const options = { output: recorder(), prompt: '', accept: () => 'No.' }
    const [ends, breaks] = [new PassThrough(), new PassThrough()]
    const answers = [readPaste({ ...options, input: ends }), readPaste({ ...options, input: breaks })]
    ends.end('wrong\n')
    breaks.destroy(new Error('EIO'))
    expect(await Promise.all(answers)).toEqual([undefined, undefined])
    expect(await readPaste({ ...options, input: ends })).toBeUndefined()
    expect(await readPaste({ ...options, input: breaks })).toBeUndefined()
  })

  it('ends with aborted, and lets go of the input', async () => {
    const [stop, input] = [new AbortController(), new PassThrough()]
    const answer = readPaste({ input, output: recorder(), prompt: '', accept: () => 'No.', signal: stop.signal })
    stop.abort()
    await expect(answer).rejects.toMatchObject({ code: 'aborted' })
    expect(input.isPaused()).toBe(true)
    for (const event of ['data', 'end', 'error', 'close']) expect(input.listenerCount(event)).toBe(untouched(event))
    const late = readPaste({ input, output: recorder(), prompt: '', accept: () => 'No.', signal: stop.signal })
    await expect(late).rejects.toMatchObject({ code: 'aborted' })
  })

  it('reads a terminal key by key, shows nothing, and leaves it as it was', async () => {
    const modes: boolean[] = []
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => modes.push(raw) })
    const output = recorder()
    const answer = readPaste({ input, output, prompt: '> ', accept: (text) => pasteComplaint(text, pending) })
    input.write('sEcReT\r')
    input.write('\u001b[A\u001b[200~c0de')
    input.write(`x\u007f#state-${'one'}\u001b[201~\r`)
    expect(await answer).toBe('c0de#state-one')
    expect(modes).toEqual([true, false])
    expect(output.text).not.toMatch(/sEcReT|c0de/)
  })

  it('takes Ctrl-C in a terminal for an abort, and Ctrl-D for the end', async () => {
    const terminal = (keys: string): Promise<string | undefined> => {
      const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => true })
      input.write(keys)
      return readPaste({ input, output: recorder(), prompt: '', accept: () => 'No.' })
    }
    await expect(terminal('half a li\u0003')).rejects.toMatchObject({ code: 'aborted' })
    expect(await terminal('line\r\u0004')).toBeUndefined()
  })

  it('keeps no more of a line than could be an answer', async () => {
    const input = new PassThrough()
    const lengths: number[] = []
    const accept = (text: string): string | undefined => (lengths.push(text.length) === 1 ? 'No.' : undefined)
    const answer = readPaste({ input, output: recorder(), prompt: '', accept })
    for (let n = 0; n < 20; n++) input.write('a'.repeat(10_000))
    input.write('\nb\n')
    expect(await answer).toBe('b')
    expect(lengths).toEqual([65_536, 1])
  })

  it('puts together characters that arrive in pieces', async () => {
    const input = new PassThrough()
    const bytes = new TextEncoder().encode('ä€😀\n')
    const answer = readPaste({ input, output: recorder(), prompt: '', accept: () => undefined })
    for (const byte of bytes) input.write(Uint8Array.of(byte))
    expect(await answer).toBe('ä€😀')
  })
})
