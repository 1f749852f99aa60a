import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { ChatAnthropic } from '@langchain/anthropic'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import Anthropic0 from 'anthropic-sdk-0'
import OpenAI from 'openai'
import { toAISDK } from '../../src/sdk/ai-sdk.ts'
import { toAnthropic } from '../../src/sdk/anthropic.ts'
import { toFetch } from '../../src/sdk/fetch.ts'
import { toLangChain } from '../../src/sdk/langchain.ts'
import { toCodex, toOpenAI } from '../../src/sdk/openai.ts'
import type { Rig, signedIn } from './rig.ts'

/** A package that calls an API with our tokens. */
export interface Consumer {
  readonly name: string
  readonly provider: Parameters<typeof signedIn>[0]
  /** Where its calls arrive. */
  readonly path: string
  /** What it sends besides, and `undefined` for what it does not send. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Whether it calls other origins too, without the token. */
  readonly callsOthers?: true
  /** Makes it, for the API at `base`, and gives its two ways to ask a model for text. */
  open(rig: Rig, base?: string): Model
}

interface Model {
  say(): Promise<string>
  stream(): Promise<readonly string[]>
}

const prompt = 'Good morning'
const beta = 'oauth-2025-04-20'
const messages = [{ role: 'user' as const, content: prompt }]
const request = { model: 'claude-test', max_tokens: 16, messages }

export const consumers: readonly Consumer[] = [
  {
    name: '@anthropic-ai/sdk 1.x',
    provider: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-beta': beta, 'anthropic-version': '2026-10-21' },
    open({ client, origin }, baseURL = origin) {
      const anthropic = new Anthropic({ ...toAnthropic(client), baseURL })
      return {
        say: async () => textOf(await anthropic.messages.create(request)),
        stream: async () => deltas(await anthropic.messages.create({ ...request, stream: true })),
      }
    },
  },
  {
    name: '@anthropic-ai/sdk 0.x',
    provider: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-beta': beta, 'anthropic-version': '2023-06-01' },
    open({ client, origin }, baseURL = origin) {
      const anthropic = new Anthropic0({ ...toAnthropic(client), baseURL })
      return {
        say: async () => textOf(await anthropic.messages.create(request)),
        stream: async () => deltas(await anthropic.messages.create({ ...request, stream: true })),
      }
    },
  },
  {
    name: 'openai, responses',
    provider: 'openai-chatgpt',
    path: '/v1/responses',
    headers: { 'chatgpt-account-id': undefined, 'openai-organization': undefined },
    open({ client, origin }, base = origin) {
      const openai = new OpenAI({ ...toOpenAI(client), baseURL: `${base}/v1` })
      const ask = { model: 'gpt-test', input: prompt }
      return {
        say: async () => (await openai.responses.create(ask)).output_text,
        stream: async () => outputDeltas(await openai.responses.create({ ...ask, stream: true })),
      }
    },
  },
  {
    name: 'openai, chat completions',
    provider: 'openai-chatgpt',
    path: '/v1/chat/completions',
    open({ client, origin }, base = origin) {
      const openai = new OpenAI({ ...toOpenAI(client), baseURL: `${base}/v1` })
      const ask = { model: 'gpt-test', messages }
      return {
        say: async () => (await openai.chat.completions.create(ask)).choices[0]?.message.content ?? '',
        stream: async () => {
          const pieces: string[] = []
          for await (const { choices } of await openai.chat.completions.create({ ...ask, stream: true })) {
            pieces.push(choices[0]?.delta.content ?? '')
          }
          return pieces.filter((piece) => piece !== '')
        },
      }
    },
  },
  {
    name: 'openai, as Codex',
    provider: 'openai-codex',
    path: '/backend-api/codex/responses',
    headers: {
      'chatgpt-account-id': 'account-0001',
      originator: 'latchkey',
      'openai-beta': 'responses=experimental',
    },
    open({ client, origin }, base = origin) {
      const openai = new OpenAI({ ...toCodex(client), baseURL: `${base}/backend-api/codex` })
      const ask = { model: 'gpt-test', input: prompt, store: false }
      return {
        say: async () => (await openai.responses.create(ask)).output_text,
        stream: async () => outputDeltas(await openai.responses.create({ ...ask, stream: true })),
      }
    },
  },
  {
    name: '@ai-sdk/anthropic',
    provider: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-beta': beta, 'anthropic-version': '2023-06-01' },
    open({ client, origin }, base = origin) {
      const anthropic = createAnthropic({ ...toAISDK(client).anthropic, baseURL: `${base}/v1` })
      return aiModel(anthropic('claude-test'))
    },
  },
  {
    name: '@ai-sdk/openai',
    provider: 'openai-chatgpt',
    path: '/v1/responses',
    headers: { 'chatgpt-account-id': undefined, 'openai-organization': undefined },
    open({ client, origin }, base = origin) {
      const openai = createOpenAI({ ...toAISDK(client).openai, baseURL: `${base}/v1` })
      return aiModel(openai('gpt-test'))
    },
  },
  {
    name: '@langchain/openai',
    provider: 'openai-chatgpt',
    path: '/v1/chat/completions',
    open({ client, origin }, base = origin) {
      const { apiKey, configuration } = toLangChain(client).openai
      const model = new ChatOpenAI({
        model: 'gpt-test',
        apiKey,
        configuration: { ...configuration, baseURL: `${base}/v1` },
        maxRetries: 0,
      })
      return chatModel(model)
    },
  },
  {
    name: '@langchain/anthropic',
    provider: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-beta': beta, 'anthropic-version': '2023-06-01' },
    open({ client, origin }, base = origin) {
      const fields = toLangChain(client).anthropic(Anthropic0)
      return chatModel(new ChatAnthropic({ model: 'claude-test', ...fields, anthropicApiUrl: base, maxRetries: 0 }))
    },
  },
  {
    name: 'whatever takes a fetch',
    provider: 'anthropic',
    path: '/v1/messages',
    headers: { 'anthropic-beta': beta, 'anthropic-version': '2023-06-01' },
    callsOthers: true,
    open({ client, origin }, base = origin) {
      const fetch = toFetch(client)
      const post = (body: object): Promise<Response> =>
        fetch(`${base}/v1/messages`, { method: 'POST', body: JSON.stringify(body) })
      return {
        say: async () => textOf(await (await post(request)).json()),
        stream: async () => {
          const sent = await (await post({ ...request, stream: true })).text()
          return [...sent.matchAll(/"text_delta","text":"([^"]*)"/g)].map(([, piece = '']) => piece)
        },
      }
    },
  },
]

function textOf({
  content,
}: {
  readonly content: readonly { readonly type: string; readonly text?: string }[]
}): string {
  return content.map(({ text = '' }) => text).join('')
}

interface TextDelta {
  readonly type: string
  readonly delta?: unknown
}

async function deltas(events: AsyncIterable<TextDelta>): Promise<readonly string[]> {
  const pieces: string[] = []
  for await (const { delta } of events) {
    const { text } = (delta ?? {}) as { readonly text?: string }
    if (text !== undefined) pieces.push(text)
  }
  return pieces
}

async function outputDeltas(events: AsyncIterable<TextDelta>): Promise<readonly string[]> {
  const pieces: string[] = []
  for await (const { type, delta } of events) if (type === 'response.output_text.delta') pieces.push(String(delta))
  return pieces
}

function aiModel(model: Parameters<typeof generateText>[0]['model']): Model {
  return {
    say: async () => (await generateText({ model, prompt, maxRetries: 0, maxOutputTokens: 16 })).text,
    async stream() {
      const pieces: string[] = []
      for await (const piece of streamText({ model, prompt, maxRetries: 0, maxOutputTokens: 16 }).textStream)
        pieces.push(piece)
      return pieces
    },
  }
}

interface ChatModel {
  invoke(prompt: string): Promise<{ readonly text: string }>
  stream(prompt: string): Promise<AsyncIterable<{ readonly text: string }>>
}

function chatModel(model: ChatModel): Model {
  return {
    say: async () => (await model.invoke(prompt)).text,
    async stream() {
      const pieces: string[] = []
      for await (const { text } of await model.stream(prompt)) if (text !== '') pieces.push(text)
      return pieces
    },
  }
}
