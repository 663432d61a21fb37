import { fieldOf, isObject } from '../../modules/json-object.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isList, type JsonObject } from './read-json.ts'
import { embeddingList, type Encoding } from './vectors.ts'

/** OpenAI's answer from vectors, one for each input. */
export function embeddingsAnswer(
  vectors: readonly unknown[],
  request: ModelRequest,
  told: { readonly usage: JsonObject; readonly encoding?: Encoding },
): Record<string, unknown> {
  const { input } = request.fields
  const inputs = isList(input) ? input.length : 1
  if (vectors.length !== inputs)
    throw nonsense(`${inputs} ${inputs === 1 ? 'embedding' : 'embeddings'} expected`, request.model)
  const data = embeddingList(vectors, request, told.encoding)
  return { object: 'list', data, model: request.model, usage: told.usage }
}

/** OpenAI's `usage` of embeddings, whose tokens all belong to the prompt. */
export function embeddingUsage(tokens: number): JsonObject {
  return { prompt_tokens: tokens, total_tokens: tokens }
}

/** The embeddings under `data`, in the order of their inputs. */
export function embeddingsIn(answer: unknown, request: ModelRequest): readonly unknown[] {
  const data = fieldOf(answer, 'data')
  if (!isList(data)) throw nonsense("the list 'data' is missing", request.model)
  const items = data.map((item, place) => {
    if (!isObject(item)) throw nonsense("an item of 'data' is no object", request.model)
    return { at: countOf(item.index) ?? place, item }
  })
  return items.sort((a, b) => a.at - b.at).map(({ item }) => item.embedding)
}

/** The tokens an answer tells of; some tell the total alone. */
export function tokensToldIn(answer: unknown): number {
  const usage = fieldOf(answer, 'usage')
  return countOf(fieldOf(usage, 'prompt_tokens')) ?? countOf(fieldOf(usage, 'total_tokens')) ?? 0
}
