import { nonsense } from './dialect-limits.ts'
import { readOllama } from './ollama-answers.ts'
import { optionsOf, otherFields } from './ollama-options.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { countOf, givenFields, isList } from './read-json.ts'
import { embeddingList, encodingOf, textsIn } from './vectors.ts'

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
      input: typeof fields.input === 'string' ? fields.input : textsIn(fields.input, 'Ollama'),
    },
  }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readOllama(answer, request)
  const inputs = isList(request.fields.input) ? request.fields.input.length : 1
  if (!isList(said.embeddings) || said.embeddings.length !== inputs) {
    throw nonsense(`${inputs} embeddings were expected`, request.model)
  }
  const data = embeddingList(said.embeddings, request)
  const tokens = countOf(said.prompt_eval_count) ?? 0
  return {
    object: 'list',
    data,
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}
