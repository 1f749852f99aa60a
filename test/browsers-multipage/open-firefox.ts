import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../runtimes/find-program.ts'
import { freshFolder } from '../runtimes/fresh-folder.ts'
import { spawnProgram } from '../runtimes/spawn-program.ts'
import type { Browser, Tab } from './browser.ts'

/** Opens Firefox and speaks WebDriver BiDi with it (https://w3c.github.io/webdriver-bidi/). */
export async function openFirefox(): Promise<Browser> {
  const program = findProgram('firefox-esr', 'firefox')
  if (program === undefined) throw new Error('Firefox is not installed.')
  const profile = freshFolder()
  writeFileSync(join(profile.path, 'user.js'), preferences)
  const args = ['--headless', '--no-remote', '--profile', profile.path, '--remote-debugging-port', '0', 'about:blank']
  const firefox = spawnProgram(program, args, {
    env: { ...process.env, HOME: profile.path },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ask = await connect(await addressOf(firefox.child.stderr))
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
    close: async () => {
      await firefox.end()
      profile.remove()
    },
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

// No page but ours, and no calls home.
const preferences = Object.entries({
  'app.normandy.enabled': false,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'browser.tabs.unloadOnLowMemory': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'dom.disable_open_during_load': true,
  'dom.push.connection.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9/',
  'termsofuse.bypassNotification': true,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
})
  .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
  .join('')
