import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Provider } from '../contracts.ts'
import { OAuthError } from '../errors.ts'
import { anthropic, anthropicPlatform } from '../providers/anthropic.ts'
import { openaiCodex } from '../providers/openai.ts'
import type { Calls, Question, Reply } from './calls.ts'

let worker: Worker | undefined

/** Asks the other thread to do `name`. */
export type Ask = <Name extends keyof Calls>(
  name: Name,
  args: Parameters<Calls[Name]>,
  limit?: number,
) => Awaited<ReturnType<Calls[Name]>>

/**
 * Asks the other thread to do `name`, and stands still until it is done, at most `limit` milliseconds.
 *
 * The thread starts with the first question and does not keep the process alive. One that did not answer
 * in time is left to finish what it does, for its tokens must be saved; the next question goes to another.
 *
 * Errors: those of the call; `timeout`.
 */
export const ask: Ask = (name, args, limit) => sameThread()(name, args, limit)

/** Asks the same thread each time: what one has begun, no other has. */
export function sameThread(): Ask {
  const own = (worker ??= startWorker())
  return (name, args, limit = 150_000) => {
    const { port1, port2 } = new MessageChannel()
    const flag = new Int32Array(new SharedArrayBuffer(4))
    const question: Question = { name, args: args.map(travelling), port: port2, flag }
    own.postMessage(question, [port2])
    Atomics.wait(flag, 0, 0, limit)
    const received = receiveMessageOnPort(port1) as { readonly message: Reply } | undefined
    if (received === undefined) {
      if (worker === own) worker = undefined
      // Until the answer comes, or the thread is gone, the process does not end.
      port1.once('message', () => port1.close())
      throw new OAuthError('timeout', { what: 'the other thread', after: limit })
    }
    port1.close()
    return opened(received.message) as never
  }
}

function startWorker(): Worker {
  // Beside this file, whether it was compiled or not.
  const file = import.meta.url.endsWith('.ts') ? './answer-calls.ts' : './answer-calls.js'
  const started = new Worker(new URL(file, import.meta.url), { execArgv: [] })
  started.unref()
  // Whoever waits is told by the time limit.
  started.on('error', () => {
    if (worker === started) worker = undefined
  })
  return started
}

function opened(reply: Reply): unknown {
  if ('value' in reply) return reply.value
  if ('mistake' in reply) throw new TypeError(reply.mistake)
  throw new OAuthError(reply.failure.code, reply.failure.detail as never)
}

/** The same argument as plain data. */
function travelling(argument: unknown): unknown {
  if (argument instanceof URL) return argument.href
  if (argument instanceof URLSearchParams) return String(argument)
  if (typeof argument !== 'object' || argument === null) return argument
  const members = Object.entries(argument).map(([name, value]) => {
    if (name === 'provider') return [name, withoutReaders(value as Provider)] as const
    return [name, name === 'callback' ? travelling(value) : value] as const
  })
  return Object.fromEntries(members)
}

/** Functions cannot travel; the other thread puts back those that it knows, which must be these very ones. */
function withoutReaders(row: Provider): Provider {
  const known = [anthropic(), anthropicPlatform(), openaiCodex()].find(({ id }) => id === row.id)
  const revivable: readonly unknown[] = Object.values(known ?? {})
  const members = Object.entries(row)
  if (members.some(([, value]) => typeof value === 'function' && !revivable.includes(value))) {
    throw new OAuthError('unsupported', { what: `the readers of provider ${row.id} in a blocking call.` })
  }
  return Object.fromEntries(members.filter(([, value]) => typeof value !== 'function')) as unknown as Provider
}
