import { invalid, nonsense, unsupported } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { isGiven, isList, type JsonObject } from './read-json.ts'

/** The texts of an embedding request, one or several. */
export function textsIn(input: unknown, vendor: string): readonly string[] {
  if (typeof input === 'string') return [input]
  if (!isList(input) || input.length === 0)
    throw invalid('input', 'must be a text or a list of texts, not empty.')
  return input.map((item) => {
    if (typeof item === 'string') return item
    if (typeof item === 'number' || isList(item))
      throw unsupported('input', `${vendor} takes text, not token numbers.`)
    throw invalid('input', 'must be a text or a list of texts.')
  })
}

export type Encoding = 'float' | 'base64'

/** How the caller wants the numbers. */
export function encodingOf(fields: JsonObject): Encoding {
  const encoding = fields.encoding_format
  if (!isGiven(encoding) || encoding === 'float') return 'float'
  if (encoding === 'base64') return 'base64'
  throw invalid('encoding_format', 'must be float or base64.')
}

/** OpenAI's list of embeddings from vectors in the order of the texts, however the upstream wrote them. */
export function embeddingList(
  vectors: readonly unknown[],
  request: ModelRequest,
  encoding: Encoding = encodingOf(request.fields),
): readonly JsonObject[] {
  return vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: written(vector, encoding, request),
  }))
}

function written(vector: unknown, encoding: Encoding, request: ModelRequest): unknown {
  if (typeof vector === 'string' && vector !== '')
    return encoding === 'base64' ? vector : unpacked(vector, request)
  if (!isVector(vector)) throw nonsense('an embedding must be a list of numbers', request.model)
  return encoding === 'base64' ? packed(vector) : vector
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

function unpacked(text: string, request: ModelRequest): readonly number[] {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    throw nonsense('an embedding is not base64 of numbers', request.model)
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
}

/** For an upstream that counts none: four bytes make about one. */
export function estimatedTokens({ fields }: ModelRequest): number {
  const texts = isList(fields.input) ? fields.input : [fields.input]
  const bytes = texts.reduce<number>(
    (sum, text) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0),
    0,
  )
  return Math.ceil(bytes / 4)
}
