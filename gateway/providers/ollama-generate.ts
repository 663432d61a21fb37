import { isUsageAsked } from './chat-chunk.ts'
import { invalid, nonsense, refuseUnsayable, unsupported } from './dialect-limits.ts'
import { finishReasonOf, optionalText, readOllama, usageOf } from './ollama-answers.ts'
import { formatOf, thinkOf } from './ollama-fields.ts'
import { optionsOf, otherFields, unsayableToOllama } from './ollama-options.ts'
import type {
  ModelRequest,
  StreamTranslator,
  Target,
  Translated,
  UpstreamCall,
} from './provider.ts'
import { givenFields, isGiven, isList, type JsonObject } from './read-json.ts'

/** OpenAI's completions over Ollama's `/api/generate`. */
export const ollamaGenerate: Translated = {
  kind: 'translated',
  toUpstream,
  toAnswer,
  stream: { framing: 'ndjson', create: createCompletionStream },
}

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayableToOllama, target)
  return {
    method: 'POST',
    path: '/api/generate',
    body: {
      ...otherFields(fields),
      ...formatOf(fields, target),
      ...thinkOf(fields, target),
      model: target.model,
      prompt: promptOf(fields.prompt),
      stream: request.isStream,
      ...optionsOf(fields),
    },
  }
}

function promptOf(prompt: unknown): string {
  const only = isList(prompt) && prompt.length === 1 ? prompt[0] : prompt
  if (typeof only === 'string') return only
  if (!isList(only)) throw invalid('prompt', 'must be a text.')
  if (only.some((item) => typeof item === 'number')) {
    throw unsupported('prompt', 'Ollama takes text, not token numbers.')
  }
  throw unsupported('prompt', 'Ollama takes one prompt a request; send one request for each.')
}

function choice(text: string, finishReason: string | null, thinking = ''): JsonObject {
  return {
    index: 0,
    text,
    ...(thinking !== '' && { reasoning_content: thinking }),
    logprobs: null,
    finish_reason: finishReason,
  }
}

function envelope(request: ModelRequest, choices: readonly JsonObject[]): Record<string, unknown> {
  return {
    id: request.answerId,
    object: 'text_completion',
    created: request.createdSeconds,
    model: request.model,
    choices,
  }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readOllama(answer, request)
  if (!isGiven(said.response)) throw nonsense("'response' is missing", request.model)
  const text = optionalText(said.response, 'response', request)
  const thinking = optionalText(said.thinking, 'thinking', request)
  return {
    ...envelope(request, [choice(text, finishReasonOf(said, false), thinking)]),
    usage: usageOf(said),
  }
}

function createCompletionStream(request: ModelRequest): StreamTranslator {
  let isDone = false
  let usage: Record<string, number> | undefined
  const nullUsage = isUsageAsked(request) ? { usage: null } : {}
  return {
    get isDone() {
      return isDone
    },
    get usage() {
      return usage
    },
    onEvent(event) {
      if (isDone) return []
      const line = readOllama(event, request)
      if (!isGiven(line.response) && line.done !== true)
        throw nonsense("'response' is missing", request.model)
      const text = optionalText(line.response, 'response', request)
      const thinking = optionalText(line.thinking, 'thinking', request)
      isDone = line.done === true
      const reason = isDone ? finishReasonOf(line, false) : null
      if (text === '' && thinking === '' && !isDone) return []
      const spoken = { ...envelope(request, [choice(text, reason, thinking)]), ...nullUsage }
      if (!isDone) return [spoken]
      usage = usageOf(line)
      return isUsageAsked(request) ? [spoken, { ...envelope(request, []), usage }] : [spoken]
    },
  }
}
