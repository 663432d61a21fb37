import { fieldOf } from '../../../modules/json-object.ts'
import { failure, sinceAnswer, type Said, type Vendor } from './vendor.ts'

interface Request {
  /** It streams unless told otherwise. */
  readonly stream?: boolean
  readonly messages: readonly {
    readonly role: string
    readonly content: string
    readonly images?: readonly string[]
  }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly format?: unknown
}

/** Ollama's own API. */
export const ollama: Vendor = {
  name: 'llama',
  paramsAt: (url) => ({ model: 'ollama_chat/llama3.2', api_base: url }),
  read(body) {
    const request: Request = JSON.parse(JSON.stringify(body))
    const turns = sinceAnswer(request.messages, 'assistant')
    return {
      isStream: request.stream !== false,
      words: turns.map(({ content }) => content).join(' '),
      toolNames: (request.tools ?? []).map((tool) => tool.function.name),
      results: turns.filter(({ role }) => role === 'tool').map(({ content }) => content),
      pictures: turns.flatMap(({ images = [] }) => images.map(typeOf)),
      hasSchema: request.format !== undefined,
      isCallWritten: fieldOf(request.format, 'anyOf') !== undefined,
    }
  },
  answer: (said) => line(said.texts.join(''), callsOf(said), end),
  frames: (said) =>
    [
      ...said.texts.map((text) => line(text)),
      ...callsOf(said).map((call) => line('', [call])),
      said.isFailing ? { error: failure } : line('', [], end),
    ].map((one) => `${JSON.stringify(one)}\n`),
  streamType: 'application/x-ndjson',
  error: (_status, message) => ({ error: message }),
  embedding: {
    path: /^\/api\/embed$/,
    count: (body) =>
      typeof body === 'object' && body !== null && 'input' in body ? [body.input].flat().length : 0,
    answer: (embeddings) => ({ model: 'llama3.2', embeddings, prompt_eval_count: 12 }),
  },
}

const end = { done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 5 }

// It is sent bytes and no type.
function typeOf(base64: string): string {
  return base64.startsWith('iVBORw0KGgo') ? 'image/png' : 'no picture'
}

function callsOf({ calls }: Said): readonly object[] {
  return calls.map(({ name, args }) => ({ function: { name, arguments: args } }))
}

function line(
  content: string,
  calls: readonly object[] = [],
  more: object = { done: false },
): object {
  return {
    model: 'llama3.2',
    created_at: '2025-11-03T10:11:12.1Z',
    message: { role: 'assistant', content, ...(calls.length > 0 && { tool_calls: calls }) },
    ...more,
  }
}
