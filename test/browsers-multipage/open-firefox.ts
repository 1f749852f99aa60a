import { startFirefox } from '../runtimes/open-firefox.ts'
import type { Browser, Tab } from './browser.ts'

/** Opens Firefox and speaks WebDriver BiDi with it (https://w3c.github.io/webdriver-bidi/). */
export async function openFirefox(): Promise<Browser> {
  const firefox = startFirefox(['--remote-debugging-port', '0', 'about:blank'])
  const ask = await connect(await addressOf(firefox.program.child.stderr))
  await ask('session.new', { capabilities: {} })
  return {
    newTab: async (url) => {
      const { context } = await ask<{ context: string }>('browsingContext.create', { type: 'tab' })
      const tab = tabOf(ask, context)
      await tab.goto(url)
      return tab
    },
    tabs: async () => {
      const { contexts } = await ask<{ contexts: { context: string }[] }>('browsingContext.getTree', { maxDepth: 0 })
      return contexts.map(({ context }) => tabOf(ask, context))
    },
    close: firefox.close,
  }
}

type Ask = <T>(method: string, params: object) => Promise<T>

function tabOf(ask: Ask, context: string): Tab {
  const call = async <T>(body: string, userActivation: boolean): Promise<T> => {
    const answer = await ask<Evaluated>('script.callFunction', {
      functionDeclaration: `async () => JSON.stringify((await (async () => { ${body} })()) ?? null)`,
      awaitPromise: true,
      target: { context },
      userActivation,
    })
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text)
    return (JSON.parse(answer.result.value) ?? undefined) as T
  }
  return {
    id: context,
    goto: async (url) => void (await ask('browsingContext.navigate', { context, url, wait: 'complete' })),
    back: async () => void (await ask('browsingContext.traverseHistory', { context, delta: -1 })),
    run: (body) => call(body, false),
    click: (selector) => call(`document.querySelector(${JSON.stringify(selector)}).click()`, true),
    close: async () => void (await ask('browsingContext.close', { context })),
  }
}

type Evaluated =
  | { readonly type: 'success'; readonly result: { readonly value: string } }
  | { readonly type: 'exception'; readonly exceptionDetails: { readonly text: string } }

async function addressOf(stderr: NodeJS.ReadableStream | null): Promise<string> {
  let said = ''
  const limit = AbortSignal.timeout(60_000)
  return new Promise((resolve, reject) => {
    limit.addEventListener('abort', () => reject(new Error(`Firefox did not listen: ${said}`)))
    stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const address = /listening on (ws:\/\/\S+)/.exec(said)?.[1]
      if (address !== undefined) resolve(address)
    })
  })
}

interface Answer {
  readonly id?: number
  readonly type: string
  readonly result?: unknown
  readonly message?: string
}

async function connect(address: string): Promise<Ask> {
  const socket = new WebSocket(`${address}/session`)
  const waiting = new Map<number, (answer: Answer) => void>()
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('Firefox does not answer.')))
  })
  let last = 0
  return <T>(method: string, params: object): Promise<T> => {
    const id = ++last
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, (answer) => {
        waiting.delete(id)
        if (answer.type === 'error') reject(new Error(`${method}: ${answer.message}`))
        else resolve(answer.result as T)
      })
      socket.send(JSON.stringify({ id, method, params }))
    })
  }
}
