import { fieldOf, isObject } from '../../modules/json-object.ts'
import { invalid, nonsense } from './dialect-limits.ts'
import { embeddingsAnswer } from './embedding-answers.ts'
import { inputsOf, inputTypeOf, isPicture, numberKindOf, type Input } from './embedding-inputs.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { countOf, givenFields, isGiven, isList, type JsonObject } from './read-json.ts'
import { encodingOf } from './vectors.ts'

/** OpenAI's embeddings over Cohere's embed. */
export const cohereEmbed: Translated = { kind: 'translated', toUpstream, toAnswer }

const spoken = new Set([
  'model',
  'input',
  'dimensions',
  'encoding_format',
  'input_type',
  'embedding_types',
  'user',
])
const purposes = { query: 'search_query', document: 'search_document' }

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  const others = Object.entries(fields).filter(([name]) => !spoken.has(name))
  const inputs = inputsOf(fields.input, 'Cohere')
  return {
    method: 'POST',
    path: '/v2/embed',
    body: {
      ...(isGiven(fields.dimensions) && { output_dimension: fields.dimensions }),
      ...Object.fromEntries(others),
      model: target.model,
      // It wants to be told what for; documents are what most vectors are of.
      input_type: inputs.every(isPicture)
        ? 'image'
        : (inputTypeOf(fields, purposes) ?? purposes.document),
      ...contentOf(inputs),
      embedding_types: [kindOf(fields)],
    },
  }
}

/** Texts, pictures, or where both are mixed whatever they are. */
function contentOf(inputs: readonly Input[]): JsonObject {
  if (inputs.every(isPicture)) return { images: inputs }
  const hasTexts = inputs.every((input) => typeof input === 'string' && !isPicture(input))
  if (hasTexts) return { texts: inputs }
  return {
    inputs: inputs.map((input) => {
      if (isPicture(input)) return { content: [{ type: 'image_url', image_url: { url: input } }] }
      return typeof input === 'string' ? { content: [{ type: 'text', text: input }] } : input
    }),
  }
}

/** The one kind of number that is asked for, by Cohere's word or OpenAI's; base64 is made of floats here. */
function kindOf(fields: JsonObject): string {
  const { embedding_types: types } = fields
  if (isGiven(types)) {
    const [only] = isList(types) && types.length === 1 ? types : []
    if (typeof only !== 'string')
      throw invalid('embedding_types', 'must be a list of one kind: an answer holds one.')
    return only
  }
  const kind = numberKindOf(fields)
  if (kind === undefined) encodingOf(fields)
  return kind ?? 'float'
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const kind = kindOf(givenFields(request.fields))
  const vectors = vectorsIn(answer, kind)
  if (!isList(vectors)) throw nonsense(`there are no '${kind}' embeddings`, request.model)
  const isPlain = kind === 'float' && !isGiven(request.fields.embedding_types)
  const encoding = kind === 'base64' ? 'base64' : 'float'
  return embeddingsAnswer(vectors, request, {
    usage: usageOf(answer),
    ...(!isPlain && { encoding }),
  })
}

/** By kind, or one list where nobody named any. */
function vectorsIn(answer: unknown, kind: string): unknown {
  const embeddings = fieldOf(answer, 'embeddings')
  return isObject(embeddings) && Object.hasOwn(embeddings, kind) ? embeddings[kind] : embeddings
}

/** What is paid for: tokens of texts, and of pictures. */
function usageOf(answer: unknown): JsonObject {
  const units = fieldOf(fieldOf(answer, 'meta'), 'billed_units')
  const text = countOf(fieldOf(units, 'input_tokens')) ?? 0
  const picture = countOf(fieldOf(units, 'image_tokens'))
  const tokens = text + (picture ?? 0)
  return {
    prompt_tokens: tokens,
    total_tokens: tokens,
    ...(picture !== undefined && {
      prompt_tokens_details: { text_tokens: text, image_tokens: picture },
    }),
  }
}
