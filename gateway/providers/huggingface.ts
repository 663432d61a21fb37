import { GatewayError } from '../errors/gateway-error.ts'
import { invalid, refuseUnsayable, type Unsayable } from './dialect-limits.ts'
import {
  embeddingsAnswer,
  embeddingsIn,
  embeddingUsage,
  tokensToldIn,
} from './embedding-answers.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, isList, type JsonObject } from './read-json.ts'
import { createRerank, withoutChunks } from './rerank.ts'
import { encodingOf, estimatedTokens, textsIn } from './vectors.ts'

/** Embeddings at Text Embeddings Inference, and by feature extraction at Hugging Face itself. */
export const teiEmbeddings: Translated = { kind: 'translated', toUpstream, toAnswer }

const ranked = createRerank({
  path: '/rerank',
  documents: 'texts',
  most: '',
  score: 'score',
  isBareList: true,
  isNameless: true,
  unsayable: withoutChunks('Text Embeddings Inference', 'truncate, true or false,'),
})

/** Rerank at Text Embeddings Inference, which serves one model and returns neither documents nor usage. */
export const teiRerank: Translated = {
  ...ranked,
  toUpstream(request, target) {
    if (target.isVendor === true)
      throw new GatewayError(
        'endpoint_not_offered',
        `The model ${request.model} does not take rerank: Hugging Face reranks at endpoints of your own. Set the model's api_base.`,
      )
    return ranked.toUpstream(request, target)
  },
}

const ownWords = ['normalize', 'truncate', 'truncation_direction', 'prompt_name']
// What LiteLLM takes as `input_type` says which API to use; here the address says it.
const apis = new Set(['embed', 'feature-extraction', 'sentence-similarity', 'similarity', 'rerank'])
const unsayable: readonly Unsayable[] = [
  {
    field: 'input_type',
    isAsked: (value) => typeof value !== 'string' || !apis.has(value),
    reason: 'name one of the prompts of the model as prompt_name instead.',
  },
]

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayable, target)
  const { input, input_type: _, ...others } = fields
  encodingOf(fields)
  const texts = typeof input === 'string' ? input : textsIn(input, 'Hugging Face')
  const isNative = target.isVendor === true || ownWords.some((name) => name in fields)
  if (isNative) return nativeCall(texts, others, target)
  return {
    method: 'POST',
    path: '/v1/embeddings',
    body: { ...others, model: target.model, input: texts },
  }
}

function nativeCall(
  texts: string | readonly string[],
  others: JsonObject,
  { model, isVendor }: Target,
): UpstreamCall {
  const { encoding_format: _, user: _1, model: _2, ...own } = others
  return {
    method: 'POST',
    path: isVendor === true ? extractionPath(model) : '/embed',
    body: { ...own, inputs: typeof texts === 'string' ? [texts] : texts },
  }
}

function extractionPath(model: string): string {
  const parts = model.replace(/:[\w-]+$/, '').split('/')
  // The name may be a caller's, by a wildcard; the path must stay where it is.
  if (parts.some((part) => /^\.*$/.test(part)))
    throw invalid('model', 'must be a name such as BAAI/bge-small-en-v1.5.')
  const name = parts.map(encodeURIComponent).join('/')
  return `/hf-inference/models/${name}/pipeline/feature-extraction`
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const isNative = isList(answer)
  const vectors = isNative ? answer : embeddingsIn(answer, request)
  const tokens = isNative ? estimatedTokens(request) : tokensToldIn(answer)
  return embeddingsAnswer(vectors, request, { usage: embeddingUsage(tokens) })
}
