import { isObject } from '../../modules/json-object.ts'
import { familyOf, isNova, pathOf } from './bedrock-models.ts'
import { readBedrock } from './bedrock-answers.ts'
import { cohereEmbed } from './cohere-embed.ts'
import { base64Of } from './data-url.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { embeddingsAnswer, embeddingUsage } from './embedding-answers.ts'
import { inputsOf, inputTypeOf, isPicture, type Input } from './embedding-inputs.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { countOf, givenFields, isGiven, isList, type JsonObject } from './read-json.ts'
import { encodingOf, estimatedTokens } from './vectors.ts'

/** OpenAI's embeddings over InvokeModel: Amazon's models, one text a request, and Cohere's. */
export const bedrockEmbed: Translated = { kind: 'translated', toUpstream, toAnswer }

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  return {
    method: 'POST',
    path: pathOf(target, 'invoke'),
    headers: { accept: 'application/json' },
    body: bodyFor(request, target),
  }
}

function bodyFor(request: ModelRequest, target: Target): JsonObject {
  const family = familyOf(target)
  if (/cohere\.embed|embed-(english|multilingual|v4)/i.test(family)) {
    const { body } = cohereEmbed.toUpstream(request, target)
    const { model: _, ...said } = isObject(body) ? body : {}
    return said
  }
  const write = writers.find(([models]) => models(family))?.[1]
  if (write === undefined)
    throw unsupported(
      'model',
      'vectors are made by models of Amazon Titan, Amazon Nova and Cohere.',
    )
  const fields = givenFields(request.fields)
  encodingOf(fields)
  const [input = '', ...more] = inputsOf(fields.input, 'Bedrock')
  if (more.length > 0)
    throw invalid(
      'input',
      'must be one text: this model takes one a request. Send the others apart.',
    )
  return { ...write(input, fields), ...otherFields(fields) }
}

const spoken = new Set(['model', 'input', 'dimensions', 'encoding_format', 'input_type', 'user'])

/** A model's own words: `normalize`. */
function otherFields(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !spoken.has(name)))
}

type Writer = (input: Input, fields: JsonObject) => JsonObject

const writers: readonly (readonly [(family: string) => boolean, Writer])[] = [
  [(family) => /titan-embed-(image|g1-mm)/i.test(family), titanPicture],
  [(family) => /titan-embed/i.test(family), titanText],
  [(family) => isNova(family) && /embed/i.test(family), nova],
]

function titanText(input: Input, { dimensions }: JsonObject): JsonObject {
  return { inputText: textIn(input), ...(isGiven(dimensions) && { dimensions }) }
}

function titanPicture(input: Input, { dimensions }: JsonObject): JsonObject {
  const said = isPicture(input)
    ? { inputImage: base64Of(input, 'input') }
    : { inputText: textIn(input) }
  const length = isGiven(dimensions) && { embeddingConfig: { outputEmbeddingLength: dimensions } }
  return { ...said, ...length }
}

const purposes = { query: 'GENERIC_RETRIEVAL', document: 'GENERIC_INDEX' }

function nova(input: Input, fields: JsonObject): JsonObject {
  const { dimensions } = fields
  const said = isPicture(input)
    ? { image: { format: pictureFormat(input), source: { bytes: base64Of(input, 'input') } } }
    : { text: { truncationMode: 'NONE', value: textIn(input) } }
  return {
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: {
      embeddingPurpose: inputTypeOf(fields, purposes) ?? purposes.document,
      ...(isGiven(dimensions) && { embeddingDimension: dimensions }),
      ...said,
    },
  }
}

function pictureFormat(url: string): string {
  return /^data:image\/(\w+)/.exec(url)?.[1]?.toLowerCase().replace('jpg', 'jpeg') ?? 'png'
}

function textIn(input: Input): string {
  if (typeof input === 'string' && !isPicture(input)) return input
  throw unsupported('input', 'this model takes text alone.')
}

// Tokens of pictures are none of the text's.
function tokensOf(request: ModelRequest): number {
  const { input } = request.fields
  const inputs = isList(input) ? input : [input]
  const texts = inputs.filter((one) => typeof one === 'string' && !isPicture(one))
  return estimatedTokens({ ...request, fields: { input: texts } })
}

/** Amazon's models answer with one vector, Cohere's with a list; they say by themselves which it is. */
function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readBedrock(answer, request)
  const [first] = isList(said.embeddings) ? said.embeddings : []
  const usage = embeddingUsage(countOf(said.inputTextTokenCount) ?? tokensOf(request))
  if (isGiven(said.embedding)) return embeddingsAnswer([said.embedding], request, { usage })
  if (isObject(first) && isGiven(first.embedding))
    return embeddingsAnswer([first.embedding], request, { usage })
  // It counts tokens in a header alone.
  return { ...cohereEmbed.toAnswer(said, request), usage }
}
