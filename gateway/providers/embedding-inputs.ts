import { invalid, unsupported } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** What vectors are for, of which every vendor has two kinds. */
export type Purpose = 'query' | 'document'

const purposes: Readonly<Record<string, Purpose>> = {
  query: 'query',
  search_query: 'query',
  'retrieval.query': 'query',
  document: 'document',
  search_document: 'document',
  passage: 'document',
  'retrieval.passage': 'document',
}

/** A vendor's word for `input_type`, whichever vendor's word the caller used; unknown words stay as they are. */
export function inputTypeOf(
  fields: JsonObject,
  words: Readonly<Record<Purpose, string>>,
): string | undefined {
  const asked = fields.input_type
  if (!isGiven(asked)) return undefined
  const text = textOf(asked)
  if (text === undefined) throw invalid('input_type', 'must be a text: query or document.')
  const purpose = Object.hasOwn(purposes, text) ? purposes[text] : undefined
  return purpose === undefined ? text : words[purpose]
}

/** One thing to embed: a text, or an object with what else a vendor's models take. */
export type Input = string | JsonObject

/** The inputs as a list, never empty. Token numbers are refused: they mean something to OpenAI's models alone. */
export function inputsOf(input: unknown, vendor: string): readonly Input[] {
  if (typeof input === 'string') return [input]
  if (!isList(input) || input.length === 0)
    throw invalid('input', 'must be a text or a list of texts, not empty.')
  return input.map((item, index) => {
    if (typeof item === 'string' || isObject(item)) return item
    if (typeof item === 'number' || isList(item))
      throw unsupported('input', `${vendor} takes text, not token numbers.`)
    throw invalid(`input[${index}]`, 'must be a text.')
  })
}

/** Whether an input is a picture, written as a `data:` URL. */
export function isPicture(input: Input): input is string {
  return typeof input === 'string' && input.startsWith('data:image/')
}

const kinds = new Set(['int8', 'uint8', 'binary', 'ubinary'])

/** The kind of number other than floats that `encoding_format` asks for: Cohere's and Voyage's models have such. */
export function numberKindOf({ encoding_format: asked }: JsonObject): string | undefined {
  return typeof asked === 'string' && kinds.has(asked) ? asked : undefined
}
