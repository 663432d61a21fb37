import { refuseUnsayable, type Unsayable } from './dialect-limits.ts'
import {
  embeddingsAnswer,
  embeddingsIn,
  embeddingUsage,
  tokensToldIn,
} from './embedding-answers.ts'
import { inputsOf, inputTypeOf, isPicture, type Input } from './embedding-inputs.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields } from './read-json.ts'
import { createRerank, withoutChunks } from './rerank.ts'
import { encodingOf } from './vectors.ts'

/** OpenAI's embeddings over Jina's: `input_type` is its `task`, `encoding_format` its `embedding_type`. */
export const jinaEmbeddings: Translated = { kind: 'translated', toUpstream, toAnswer }

/** Jina's rerank, whose documents may be pictures, and come back unless told not to. */
export const jinaRerank: Translated = createRerank({
  path: '/rerank',
  takes: ({ text, image }) => typeof text === 'string' || typeof image === 'string',
  withoutDocuments: { return_documents: false },
  unsayable: withoutChunks('Jina', 'max_doc_length'),
})

const spoken = new Set([
  'model',
  'input',
  'encoding_format',
  'embedding_type',
  'input_type',
  'user',
])
const unsayable: readonly Unsayable[] = [
  {
    field: 'embedding_type',
    isAsked: () => true,
    reason: 'say encoding_format, float or base64, which Jina is asked for by this name.',
  },
]

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayable, target)
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  const purpose = inputTypeOf(fields, { query: 'retrieval.query', document: 'retrieval.passage' })
  return {
    method: 'POST',
    path: '/embeddings',
    body: {
      ...(purpose !== undefined && { task: purpose === 'clustering' ? 'separation' : purpose }),
      ...Object.fromEntries(others),
      model: target.model,
      input: inputIn(inputsOf(fields.input, 'Jina')),
      ...(encodingOf(fields) === 'base64' && { embedding_type: 'base64' }),
    },
  }
}

/** Texts as they are; where one input is a picture, all as objects. */
function inputIn(inputs: readonly Input[]): readonly Input[] {
  if (inputs.every((input) => typeof input === 'string' && !isPicture(input))) return inputs
  return inputs.map((input) => {
    if (isPicture(input)) return { image: input.slice(input.indexOf(',') + 1) }
    return typeof input === 'string' ? { text: input } : input
  })
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const usage = embeddingUsage(tokensToldIn(answer))
  return embeddingsAnswer(embeddingsIn(answer, request), request, { usage })
}
