import { dataFrame, failure, mediaTypeOf, sinceAnswer, type Said, type Vendor } from './vendor.ts'

interface Part {
  readonly type: string
  readonly text?: string
  readonly image_url?: { readonly url: string }
}

/** A request in OpenAI's words, as Cohere and others have them too. */
export interface ChatRequest {
  readonly stream?: boolean
  readonly messages: readonly {
    readonly role: string
    readonly content?: string | readonly Part[]
  }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly response_format?: { readonly type: string; readonly json_schema?: unknown }
}

/** What a chat in OpenAI's words says since the model last spoke. */
export function readChat(body: ChatRequest): ReturnType<Vendor['read']> {
  const turns = sinceAnswer(body.messages, 'assistant')
  const parts = turns.flatMap(({ content = '' }) =>
    typeof content === 'string' ? { type: 'text', text: content } : content,
  )
  return {
    isStream: body.stream === true,
    words: parts.map(({ text = '' }) => text).join(' '),
    toolNames: (body.tools ?? []).map((tool) => tool.function.name),
    results: turns.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content)),
    pictures: parts.flatMap(({ image_url: picture }) =>
      picture === undefined ? [] : mediaTypeOf(picture.url),
    ),
    hasSchema: body.response_format?.json_schema !== undefined,
  }
}

/** A server that speaks OpenAI's own dialect. */
export const openai: Vendor = {
  name: 'local',
  paramsAt: (url) => ({ model: 'openai/local-1', api_base: `${url}/v1`, api_key: 'none' }),
  read: (body) => readChat(requestIn(body)),
  answer: (said) => ({
    id: 'chatcmpl-up',
    object: 'chat.completion',
    created: 1_700_000_000,
    model: 'local-1',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: said.texts.length === 0 ? null : said.texts.join(''),
          ...(said.calls.length > 0 && { tool_calls: said.calls.map(callOf) }),
        },
        logprobs: null,
        finish_reason: finishOf(said),
      },
    ],
    usage,
  }),
  frames: (said) => [
    chunk({ role: 'assistant', content: '' }),
    ...said.texts.map((content) => chunk({ content })),
    ...said.calls.flatMap((call, index) => callFrames(call, index)),
    ...(said.isFailing
      ? [dataFrame({ error: { message: failure, type: 'server_error', code: 500 } })]
      : [chunk({}, finishOf(said)), frame([], usage), 'data: [DONE]\n\n']),
  ],
  streamType: 'text/event-stream',
  error: (_status, message) => ({
    error: { message, type: 'some_error', param: null, code: null },
  }),
  embedding: {
    path: /^\/v1\/embeddings$/,
    count: (body) => [inputIn(body)].flat().length,
    answer: (vectors) => ({
      object: 'list',
      model: 'local-1',
      data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens: 12, total_tokens: 12 },
    }),
  },
}

const usage = {
  prompt_tokens: 12,
  completion_tokens: 5,
  total_tokens: 17,
  prompt_tokens_details: { cached_tokens: 2 },
}

function requestIn(body: unknown): ChatRequest {
  return JSON.parse(JSON.stringify(body))
}

function inputIn(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'input' in body ? body.input : []
}

function textOf(content: string | readonly Part[] = ''): string {
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('')
}

function callOf({ name, args }: Said['calls'][number], index: number): object {
  return {
    id: `call_${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }
}

function finishOf({ calls }: Said): string {
  return calls.length > 0 ? 'tool_calls' : 'stop'
}

function callFrames({ name, args }: Said['calls'][number], index: number): readonly string[] {
  const [head, tail] = halves(JSON.stringify(args))
  const start = { index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }
  return [
    chunk({ tool_calls: [start] }),
    ...[head, tail].map((piece) =>
      chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
    ),
  ]
}

/** A text in two, as a stream may bring it. */
export function halves(text: string): readonly [string, string] {
  return [text.slice(0, 4), text.slice(4)]
}

function chunk(delta: object, finish: string | null = null): string {
  return frame([{ index: 0, delta, finish_reason: finish }])
}

function frame(choices: readonly object[], counted: object | null = null): string {
  const base = { id: 'chatcmpl-up', object: 'chat.completion.chunk', created: 1_700_000_000 }
  return dataFrame({ ...base, model: 'local-1', choices, usage: counted })
}
