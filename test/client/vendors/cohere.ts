import { halves, readChat, type ChatRequest } from './openai.ts'
import { failure, type Said, type Vendor } from './vendor.ts'

/** Cohere's chat, second version. */
export const cohere: Vendor = {
  name: 'command',
  paramsAt: (url) => ({ model: 'cohere_chat/command-a', api_base: url, api_key: 'key-1' }),
  read(body) {
    const request: ChatRequest = JSON.parse(JSON.stringify(body))
    return readChat(request)
  },
  answer: (said) => ({
    id: 'c14c80c3',
    message: {
      role: 'assistant',
      ...(said.texts.length > 0 && { content: [{ type: 'text', text: said.texts.join('') }] }),
      ...(said.calls.length > 0 && { tool_calls: said.calls.map(callOf) }),
    },
    finish_reason: finishOf(said),
    usage,
  }),
  frames: (said) => [
    frame('message-start', { id: '29f14a5a', delta: message({ role: 'assistant', content: [] }) }),
    ...(said.texts.length > 0
      ? [
          frame('content-start', {
            index: 0,
            delta: message({ content: { type: 'text', text: '' } }),
          }),
          ...said.texts.map((text) =>
            frame('content-delta', { index: 0, delta: message({ content: { text } }) }),
          ),
          ...(said.isFailing ? [] : [frame('content-end', { index: 0 })]),
        ]
      : []),
    ...said.calls.flatMap((call, index) => callFrames(call, index)),
    frame('message-end', {
      delta: said.isFailing
        ? { finish_reason: 'ERROR', error: failure }
        : { finish_reason: finishOf(said), usage },
    }),
  ],
  streamType: 'text/event-stream',
  error: (_status, text) => ({ message: text }),
  embedding: {
    path: /\/v2\/embed$/,
    count: (body) =>
      typeof body === 'object' && body !== null && 'texts' in body ? [body.texts].flat().length : 0,
    answer: (vectors) => ({
      id: 'da6e531f',
      embeddings: { float: vectors },
      meta: { billed_units: { input_tokens: 12 } },
      response_type: 'embeddings_by_type',
    }),
  },
}

const usage = {
  billed_units: { input_tokens: 12, output_tokens: 5 },
  tokens: { input_tokens: 80, output_tokens: 7 },
}

const message = (said: object): object => ({ message: said })

function callOf({ name, args }: Said['calls'][number], index: number): object {
  return { id: idOf(index), type: 'function', function: { name, arguments: JSON.stringify(args) } }
}

const idOf = (index: number): string => `weather_${index}`

function callFrames({ name, args }: Said['calls'][number], index: number): readonly string[] {
  const start = { id: idOf(index), type: 'function', function: { name, arguments: '' } }
  return [
    frame('tool-call-start', { index, delta: message({ tool_calls: start }) }),
    ...halves(JSON.stringify(args)).map((piece) =>
      frame('tool-call-delta', {
        index,
        delta: message({ tool_calls: { function: { arguments: piece } } }),
      }),
    ),
    frame('tool-call-end', { index }),
  ]
}

function finishOf({ calls }: Said): string {
  return calls.length > 0 ? 'TOOL_CALL' : 'COMPLETE'
}

function frame(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}
