import { isObject } from '../../modules/json-object.ts'
import { invalid, nonsense } from './dialect-limits.ts'
import type { PathOf } from './gemini-models.ts'
import { tokensIn } from './gemini-usage.ts'
import { readGoogle } from './google-errors.ts'
import type { ModelRequest, Translated } from './provider.ts'
import { givenFields, isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { embeddingList, encodingOf, estimatedTokens, textsIn } from './vectors.ts'

/** OpenAI's embeddings over `batchEmbedContents`. */
export function createGeminiEmbeddings(pathOf: PathOf): Translated {
  return {
    kind: 'translated',
    toUpstream(request, target) {
      const { texts, parameters } = embeddingRequest(request)
      const model = target.model.replace(/^(models\/)?/, 'models/')
      const requests = texts.map((text) => ({
        model,
        content: { parts: [{ text }] },
        ...parameters,
      }))
      return { method: 'POST', path: pathOf(target, 'batchEmbedContents'), body: { requests } }
    },
    toAnswer,
  }
}

/** OpenAI's embeddings over the `predict` of Vertex AI's embedding models. */
export function createVertexEmbeddings(pathOf: PathOf): Translated {
  return {
    kind: 'translated',
    toUpstream(request, target) {
      const { texts, parameters } = embeddingRequest(request)
      const { taskType, title, outputDimensionality, autoTruncate } = parameters
      const about = givenFields({ task_type: taskType, title })
      const wanted = givenFields({ outputDimensionality, autoTruncate })
      return {
        method: 'POST',
        path: pathOf(target, 'predict'),
        body: {
          instances: texts.map((content) => ({ content, ...about })),
          ...(Object.keys(wanted).length > 0 && { parameters: wanted }),
        },
      }
    },
    toAnswer: toVertexAnswer,
  }
}

interface EmbeddingRequest {
  readonly texts: readonly string[]
  readonly parameters: JsonObject
}

function embeddingRequest(request: ModelRequest): EmbeddingRequest {
  const fields = givenFields(request.fields)
  encodingOf(fields)
  const { dimensions } = fields
  if (isGiven(dimensions) && typeof dimensions !== 'number')
    throw invalid('dimensions', 'must be a number.')
  const parameters = givenFields({
    taskType: fields.taskType ?? fields.task_type ?? taskOf(fields.input_type),
    title: fields.title,
    outputDimensionality: fields.outputDimensionality ?? dimensions,
    autoTruncate: fields.autoTruncate ?? fields.auto_truncate,
  })
  return { texts: textsIn(fields.input, 'Gemini'), parameters }
}

const tasks: Readonly<Record<string, string>> = {
  query: 'RETRIEVAL_QUERY',
  search_query: 'RETRIEVAL_QUERY',
  document: 'RETRIEVAL_DOCUMENT',
  passage: 'RETRIEVAL_DOCUMENT',
  search_document: 'RETRIEVAL_DOCUMENT',
  classification: 'CLASSIFICATION',
  clustering: 'CLUSTERING',
}

/** Cohere's, Jina's and NVIDIA's `input_type` as one of Google's tasks; one of Google's own stays as it is. */
function taskOf(type: unknown): string | undefined {
  const word = textOf(type)
  return word !== undefined && Object.hasOwn(tasks, word) ? tasks[word] : word
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readGoogle(answer, request)
  const list = expected(said.embeddings, request)
  const told = tokensIn(said)?.prompt
  return envelope(
    list.map((one) => (isObject(one) ? one.values : undefined)),
    told ?? estimatedTokens(request),
    request,
  )
}

function toVertexAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readGoogle(answer, request)
  const embedded = expected(said.predictions, request).map((one) =>
    isObject(one) && isObject(one.embeddings) ? one.embeddings : {},
  )
  const counts = embedded.flatMap(({ statistics }) => {
    const count = isObject(statistics) ? statistics.token_count : undefined
    return typeof count === 'number' && count >= 0 ? [count] : []
  })
  const tokens =
    counts.length === embedded.length
      ? counts.reduce((sum, count) => sum + count, 0)
      : estimatedTokens(request)
  return envelope(
    embedded.map(({ values }) => values),
    tokens,
    request,
  )
}

function expected(list: unknown, request: ModelRequest): readonly unknown[] {
  const count = isList(request.fields.input) ? request.fields.input.length : 1
  if (!isList(list) || list.length !== count)
    throw nonsense(`${count} embeddings were expected`, request.model)
  return list
}

function envelope(
  vectors: readonly unknown[],
  tokens: number,
  request: ModelRequest,
): Record<string, unknown> {
  return {
    object: 'list',
    data: embeddingList(vectors, request),
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }
}
