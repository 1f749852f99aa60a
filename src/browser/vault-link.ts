import { generateState } from '../core/index.ts'
import { untilAborted } from '../core/wait.ts'
import { OAuthError } from '../errors.ts'
import { webLocks } from '../stores/web-lock.ts'
import { whenFree } from './vault-life.ts'
import { putTogether, takeApart } from './vault-message.ts'
import type { VaultAnswer, VaultBoard, VaultedRequest, VaultedResponse, VaultQuestion } from './vault-message.ts'

/** A worker to which questions can be sent: a `Worker` or a `ServiceWorker`, or a `SharedWorker` by its port. */
export interface VaultPort {
  postMessage(message: unknown, transfer: Transferable[]): void
}

/** How a question is asked. */
export interface VaultCall {
  readonly given?: unknown
  readonly signal?: AbortSignal | undefined
  /** How long the vault may take to say that it is there, in milliseconds. */
  readonly timeout: number
  readonly onBoard: (board: VaultBoard) => void
  readonly lock?: string
}

/** A value, and the port by which more may come. */
interface Answered {
  readonly value: unknown
  readonly port: MessagePort
  /** To be called when nothing more is to come. */
  close(): void
}

/**
 * Asks the vault, and waits for as long as it needs, once it has shown that it is there.
 *
 * Errors: `timeout`, `aborted`, `network` (the worker was ended meanwhile), those of the task.
 */
export async function askVault(vault: VaultPort, task: string, call: VaultCall): Promise<unknown> {
  try {
    const { value, close } = await ask(vault, task, call)
    close()
    return value
  } catch (error) {
    throw call.signal?.aborted === true ? new OAuthError('aborted', {}) : error
  }
}

function ask(vault: VaultPort, task: string, call: VaultCall): Promise<Answered> {
  const { port1: port, port2 } = new MessageChannel()
  const { given, signal, timeout, onBoard, lock } = call
  const watch = new AbortController()
  const close = (): void => {
    watch.abort()
    port.close()
  }
  return new Promise<Answered>((resolve, reject) => {
    const fail = (error: unknown): void => {
      port.postMessage({ type: 'abort' })
      close()
      reject(error)
    }
    const abort = (): void => fail(signal?.reason)
    const limit = setTimeout(() => fail(new OAuthError('timeout', { what: 'the vault', after: timeout })), timeout)
    const end = (): void => {
      clearTimeout(limit)
      signal?.removeEventListener('abort', abort)
    }
    port.onmessage = ({ data }: MessageEvent<VaultAnswer>) => {
      clearTimeout(limit)
      if (data.type === 'heard') return whenFree(data.life, () => port.onmessage?.(lost()), watch.signal)
      end()
      if (data.type === 'failed') return fail(putTogether(data.failure))
      if (data.type !== 'done') return
      onBoard(data.board)
      resolve({ value: data.value, port, close })
    }
    if (signal?.aborted === true) return end(), abort()
    signal?.addEventListener('abort', abort)
    const question: VaultQuestion = { type: 'latchkey:vault', task, given, lock }
    try {
      vault.postMessage(question, [port2])
    } catch {
      end()
      // The native text repeats what could not be sent.
      fail(new TypeError(`${task} takes only what can be sent to a worker.`))
    }
  })
}

/** What a vault would have said if it had known that it was about to be ended. */
function lost(): MessageEvent<VaultAnswer> {
  const failure = takeApart(new OAuthError('network', { endpoint: 'vault', sent: 'maybe' }))
  return new MessageEvent('message', { data: { type: 'failed', failure } })
}

/**
 * Lets the vault make a request, and gives its answer, whose body comes as it is read.
 *
 * Errors: those of `client.fetch`.
 */
export async function fetchByVault(vault: VaultPort, request: Request, call: VaultCall): Promise<Response> {
  const { signal } = request
  // A body that is being written has no end of its own.
  const given = await untilAborted(packed(request), signal).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error
  })
  const lock = generateState()
  const release = await hold(lock)
  let end = release
  try {
    const { value, port, close } = await ask(vault, 'fetch', { ...call, given, lock, signal })
    end = () => {
      close()
      release()
    }
    return unpacked(value as VaultedResponse, port, { signal, end })
  } catch (error) {
    end()
    throw error
  }
}

async function packed(request: Request): Promise<VaultedRequest> {
  const { url, method, headers } = request
  const body = ['GET', 'HEAD'].includes(method) ? undefined : new Uint8Array(await request.arrayBuffer())
  return {
    url,
    method,
    headers: [...headers],
    ...(body !== undefined && body.byteLength > 0 && { body }),
    init: Object.fromEntries(wishes.map((name) => [name, request[name]]).filter(([, value]) => isWish(value))),
  }
}

/** What else a request may wish for, and how it looks when it does not. */
const wishes = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'redirect'] as const

function isWish(value: unknown): boolean {
  return ![undefined, false, '', 'default', 'same-origin', 'cors', 'follow'].includes(value as string)
}

interface Wait {
  readonly signal: AbortSignal
  /** To be called when nothing more is waited for. */
  end(): void
}

function unpacked(answer: VaultedResponse, port: MessagePort, wait: Wait): Response {
  const { url, status, statusText, headers, redirected, hasBody } = answer
  if (!hasBody) wait.end()
  const response = new Response(hasBody ? bodyFrom(port, wait) : undefined, {
    status,
    statusText,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  })
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } })
}

function bodyFrom(port: MessagePort, wait: Wait): ReadableStream<Uint8Array> {
  const { signal } = wait
  let end: () => void = () => undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const abort = (): void => {
          port.postMessage({ type: 'abort' })
          controller.error(signal.reason)
          end()
        }
        end = () => {
          signal.removeEventListener('abort', abort)
          port.onmessage = null
          wait.end()
        }
        port.onmessage = ({ data }: MessageEvent<VaultAnswer>) => {
          if (data.type === 'part' && data.bytes !== undefined) return controller.enqueue(data.bytes)
          if (data.type === 'failed') controller.error(putTogether(data.failure))
          else controller.close()
          end()
        }
        signal.addEventListener('abort', abort)
      },
      pull: () => port.postMessage({ type: 'pull' }),
      cancel: () => {
        port.postMessage({ type: 'abort' })
        end()
      },
    },
    // Short answers come whole, so that nothing waits for a page that only looked at the status.
    new ByteLengthQueuingStrategy({ highWaterMark: 65_536 }),
  )
}

/** Holds a lock of this name, where there are locks, until the function that it gives is called. */
function hold(name: string): Promise<() => void> {
  return new Promise((resolve) => {
    const free = (): void => resolve(() => undefined)
    const held = webLocks()?.request(name, () => new Promise<void>((release) => resolve(() => release())))
    if (held === undefined) free()
    else held.catch(free)
  })
}
