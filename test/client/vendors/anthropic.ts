import { halves } from './openai.ts'
import { failure, sinceAnswer, type Said, type Vendor } from './vendor.ts'

interface Block {
  readonly type: string
  readonly text?: string
  readonly content?: string | readonly Block[]
  readonly source?: { readonly type: string; readonly media_type?: string }
}

interface Request {
  readonly stream?: boolean
  readonly messages: readonly {
    readonly role: string
    readonly content: string | readonly Block[]
  }[]
  readonly tools?: readonly { readonly name: string }[]
  readonly output_config?: { readonly format?: unknown }
}

/** Anthropic's Messages. */
export const anthropic: Vendor = {
  name: 'claude',
  paramsAt: (url) => ({ model: 'anthropic/claude-sonnet-4-5', api_base: url, api_key: 'key-1' }),
  read(body) {
    const request: Request = JSON.parse(JSON.stringify(body))
    const blocks = sinceAnswer(request.messages, 'assistant').flatMap(({ content }) =>
      blocksOf(content),
    )
    return {
      isStream: request.stream === true,
      words: blocks.map(({ text = '' }) => text).join(' '),
      toolNames: (request.tools ?? []).map(({ name }) => name),
      results: blocks
        .filter(({ type }) => type === 'tool_result')
        .map(({ content = '' }) => textOf(content)),
      pictures: blocks.flatMap(({ source }) =>
        source === undefined ? [] : (source.media_type ?? source.type),
      ),
      hasSchema: request.output_config?.format !== undefined,
    }
  },
  answer: (said) => ({ ...message(contentOf(said), stopOf(said)), usage: usage(5) }),
  frames: (said) => [
    frame({ type: 'message_start', message: { ...message([], null), usage: usage(1) } }),
    frame({ type: 'ping' }),
    ...(said.texts.length > 0
      ? blockFrames(
          0,
          { type: 'text', text: '' },
          said.texts.map((text) => ({ type: 'text_delta', text })),
        )
      : []),
    ...said.calls.flatMap(({ name, args }, index) =>
      blockFrames(
        index + said.texts.length,
        { type: 'tool_use', id: `toolu_${index}`, name, input: {} },
        halves(JSON.stringify(args)).map((partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        })),
      ),
    ),
    ...(said.isFailing
      ? [frame({ type: 'error', error: { type: 'overloaded_error', message: failure } })]
      : [
          frame({
            type: 'message_delta',
            delta: { stop_reason: stopOf(said), stop_sequence: null },
            usage: { output_tokens: 5 },
          }),
          frame({ type: 'message_stop' }),
        ]),
  ],
  streamType: 'text/event-stream',
  error: (status, said) => ({
    type: 'error',
    error: { type: errorTypes[status] ?? 'api_error', message: said },
    request_id: 'req_1',
  }),
}

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

const usage = (output: number) => ({
  input_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 2,
  output_tokens: output,
})

function blocksOf(content: string | readonly Block[]): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

function textOf(content: string | readonly Block[]): string {
  return blocksOf(content)
    .map(({ text = '' }) => text)
    .join('')
}

function message(content: readonly object[], stopReason: string | null): object {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5-20250929',
    content,
    stop_reason: stopReason,
    stop_sequence: null,
  }
}

function contentOf({ texts, calls }: Said): readonly object[] {
  return [
    ...(texts.length > 0 ? [{ type: 'text', text: texts.join('') }] : []),
    ...calls.map(({ name, args }, index) => ({
      type: 'tool_use',
      id: `toolu_${index}`,
      name,
      input: args,
    })),
  ]
}

function stopOf({ calls }: Said): string {
  return calls.length > 0 ? 'tool_use' : 'end_turn'
}

function blockFrames(index: number, block: object, deltas: readonly object[]): readonly string[] {
  return [
    frame({ type: 'content_block_start', index, content_block: block }),
    ...deltas.map((delta) => frame({ type: 'content_block_delta', index, delta })),
    frame({ type: 'content_block_stop', index }),
  ]
}

function frame(event: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}
