import { invalid, nonsense, unsupported } from './dialect-limits.ts'
import { readOllama } from './ollama-answers.ts'
import { optionsOf, otherFields } from './ollama-options.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, countOf, isGiven, isList, type JsonObject } from './read-json.ts'

/** OpenAI's embeddings over Ollama's `/api/embed`. */
export const ollamaEmbed: Translated = { kind: 'translated', toUpstream, toAnswer }

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  encodingOf(fields)
  return {
    method: 'POST',
    path: '/api/embed',
    body: {
      ...otherFields(fields),
      ...optionsOf(fields),
      model: target.model,
      input: inputOf(fields.input),
    },
  }
}

function inputOf(input: unknown): string | readonly string[] {
  if (typeof input === 'string') return input
  if (!isList(input) || input.length === 0)
    throw invalid('input', 'must be a text or a list of texts, not empty.')
  return input.map((item) => {
    if (typeof item === 'string') return item
    if (typeof item === 'number' || isList(item))
      throw unsupported('input', 'Ollama takes text, not token numbers.')
    throw invalid('input', 'must be a text or a list of texts.')
  })
}

function encodingOf(fields: JsonObject): 'float' | 'base64' {
  const encoding = fields.encoding_format
  if (!isGiven(encoding) || encoding === 'float') return 'float'
  if (encoding === 'base64') return 'base64'
  throw invalid('encoding_format', 'must be float or base64.')
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readOllama(answer, request)
  const inputs = isList(request.fields.input) ? request.fields.input.length : 1
  if (!isList(said.embeddings) || said.embeddings.length !== inputs) {
    throw nonsense(`${inputs} embeddings were expected`, request.model)
  }
  const isBase64 = encodingOf(request.fields) === 'base64'
  const data = said.embeddings.map((vector, index) => {
    if (!isVector(vector)) throw nonsense('an embedding must be a list of numbers', request.model)
    return { object: 'embedding', index, embedding: isBase64 ? packed(vector) : vector }
  })
  const tokens = countOf(said.prompt_eval_count) ?? 0
  return {
    object: 'list',
    data,
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}

function isVector(value: unknown): value is readonly number[] {
  return isList(value) && value.length > 0 && value.every((item) => typeof item === 'number')
}

/** Float32, little-endian, as OpenAI's SDKs unpack it. */
function packed(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4))
  return bytes.toString('base64')
}
