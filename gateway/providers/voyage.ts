import { isList, givenFields, type JsonObject } from './read-json.ts'
import { fieldOf } from '../../modules/json-object.ts'
import { invalid, nonsense } from './dialect-limits.ts'
import {
  embeddingsAnswer,
  embeddingsIn,
  embeddingUsage,
  tokensToldIn,
} from './embedding-answers.ts'
import { inputsOf, inputTypeOf, isPicture, numberKindOf, type Input } from './embedding-inputs.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { createRerank, withoutChunks } from './rerank.ts'
import { encodingOf, textsIn } from './vectors.ts'

/** OpenAI's embeddings over Voyage's: one path for texts, one for chunks with their context, one for pictures. */
export const voyageEmbeddings: Translated = { kind: 'translated', toUpstream, toAnswer }

/** Voyage's rerank. */
export const voyageRerank: Translated = createRerank({
  path: '/rerank',
  most: 'top_k',
  unsayable: withoutChunks('Voyage', 'truncation, true or false,'),
})

const spoken = new Set(['model', 'input', 'dimensions', 'encoding_format', 'input_type', 'user'])
// What Voyage has no word for is best embedded without one.
const unnamed = new Set(['classification', 'clustering'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  const purpose = inputTypeOf(fields, { query: 'query', document: 'document' })
  const { path, ...inputs } = inputFor(target.model, fields.input)
  return {
    method: 'POST',
    path,
    body: {
      ...('dimensions' in fields && { output_dimension: fields.dimensions }),
      ...(purpose !== undefined && !unnamed.has(purpose) && { input_type: purpose }),
      ...Object.fromEntries(others),
      model: target.model,
      ...inputs,
      ...formatOf(fields, path),
    },
  }
}

const multimodalPath = '/multimodalembeddings'
const contextPath = '/contextualizedembeddings'

interface Inputs extends JsonObject {
  readonly path: string
}

function inputFor(model: string, input: unknown): Inputs {
  if (/multimodal/i.test(model))
    return { path: multimodalPath, inputs: inputsOf(input, 'Voyage').map(contentOf) }
  if (/context/i.test(model)) return { path: contextPath, inputs: documentsOf(input) }
  return {
    path: '/embeddings',
    input: typeof input === 'string' ? input : textsIn(input, 'Voyage'),
  }
}

/** Every text a document of its own, so that each has its vector; a list of texts is one document in its chunks. */
function documentsOf(input: unknown): readonly (readonly string[])[] {
  const documents = typeof input === 'string' ? [input] : input
  if (!isList(documents) || documents.length === 0)
    throw invalid('input', 'must be a text or a list of texts, not empty.')
  return documents.map((document) => textsIn(document, 'Voyage'))
}

function contentOf(input: Input): JsonObject {
  if (typeof input !== 'string') return input
  return {
    content: [
      isPicture(input)
        ? { type: 'image_base64', image_base64: input }
        : { type: 'text', text: input },
    ],
  }
}

/** Floats are what it gives where it is not asked; it has no word for them. */
function formatOf(fields: JsonObject, path: string): JsonObject {
  const kind = numberKindOf(fields)
  if (kind !== undefined) return { output_dtype: kind }
  if (encodingOf(fields) === 'float') return {}
  return { [path === multimodalPath ? 'output_encoding' : 'encoding_format']: 'base64' }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const usage = embeddingUsage(tokensToldIn(answer))
  const { input } = request.fields
  const documents = vectorsIn(answer, request)
  const isFlat = documents === undefined
  const vectors = isFlat ? embeddingsIn(answer, request) : documents
  // Chunks are counted one by one, whichever document they are of.
  const asked = isFlat ? request : { ...request, fields: { ...request.fields, input: flat(input) } }
  const encoding = numberKindOf(request.fields) === undefined ? undefined : 'float'
  return embeddingsAnswer(vectors, asked, { usage, ...(encoding && { encoding }) })
}

/** The vectors of all chunks, where the answer is a list of documents. */
function vectorsIn(answer: unknown, request: ModelRequest): readonly unknown[] | undefined {
  const data = fieldOf(answer, 'data')
  if (!isList(data) || !isList(fieldOf(data[0], 'data'))) return undefined
  return data.flatMap((document) => {
    if (!isList(fieldOf(document, 'data')))
      throw nonsense("a document without 'data' came back", request.model)
    return embeddingsIn(document, request)
  })
}

function flat(input: unknown): unknown {
  return isList(input) ? input.flat() : input
}
