/** What a vendor's API says, in its own shape: as one JSON document, and as server-sent events. */
export interface Answer {
  readonly json: object
  readonly events: readonly VendorEvent[]
  /** What is sent after the last event. */
  readonly end?: string
}

interface VendorEvent {
  /** The event's name, where the vendor gives it one. */
  readonly event?: string
  readonly data: object
}

/** What every model says. */
export const words = ['Good', ' morning', ', Ada']

export const text: string = words.join('')

/** Anthropic's Messages. */
export const message: Answer = {
  json: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 3 },
  },
  events: [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-test',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...words.map((word) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: word } })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 3 },
    },
    { type: 'message_stop' },
  ].map((data) => ({ event: data.type, data })),
}

const usage = { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 }

/** OpenAI's Chat Completions. */
export const chatCompletion: Answer = {
  json: {
    id: 'chatcmpl_1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'gpt-test',
    choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content: text } }],
    usage,
  },
  events: [
    ...words.map((content) => ({ delta: { role: 'assistant', content }, finish_reason: null })),
    { delta: {}, finish_reason: 'stop' },
  ].map((choice) => ({
    data: {
      id: 'chatcmpl_1',
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: 'gpt-test',
      choices: [{ index: 0, logprobs: null, ...choice }],
    },
  })),
  end: 'data: [DONE]\n\n',
}

const part = { type: 'output_text', text, annotations: [], logprobs: [] }

const item = { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [part] }

const finished = {
  id: 'resp_1',
  object: 'response',
  created_at: 1_700_000_000,
  status: 'completed',
  model: 'gpt-test',
  output: [item],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: {},
  temperature: 1,
  top_p: 1,
  usage: {
    input_tokens: 3,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: 3,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 6,
  },
}

const begun = { ...finished, status: 'in_progress', output: [], usage: null }

const place = { item_id: 'msg_1', output_index: 0, content_index: 0 }

/** OpenAI's Responses. */
export const response: Answer = {
  json: finished,
  events: [
    { type: 'response.created', response: begun },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed', response: finished },
  ].map((data, index) => ({ event: data.type, data: { ...data, sequence_number: index } })),
}

/** How each vendor refuses a token. */
export const refusals = {
  anthropic: {
    type: 'error',
    error: { type: 'authentication_error', message: 'OAuth token has expired.' },
  },
  openai: {
    error: { type: 'invalid_request_error', code: 'token_expired', param: null, message: 'The token has expired.' },
  },
} as const
