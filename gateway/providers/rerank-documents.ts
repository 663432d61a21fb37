import { invalid } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** One document as a caller gave it. */
export type Document = string | JsonObject

/** The documents of a request. */
export function documentsIn(documents: unknown): readonly Document[] {
  if (!isList(documents) || documents.length === 0)
    throw invalid('documents', 'must be a list of texts or objects, not empty.')
  return documents.map((document, index) => {
    if (typeof document === 'string' || isObject(document)) return document
    throw invalid(`documents[${index}]`, 'must be a text or an object.')
  })
}

/** What of an object is ranked: the fields named by `rank_fields`, else its text, else all of it. */
export function documentText(document: Document, rankFields: readonly string[]): string {
  if (typeof document === 'string') return document
  if (rankFields.length === 0) return textOf(document.text) ?? linesOf(Object.entries(document))
  const fields = rankFields.filter((name) => Object.hasOwn(document, name))
  const [only] = fields
  if (fields.length === 1 && only === 'text') return textOf(document.text) ?? ''
  return linesOf(fields.map((name) => [name, document[name]]))
}

/** `rank_fields`, Cohere's word for what of an object is to be looked at. */
export function rankFieldsIn(fields: JsonObject): readonly string[] {
  const names = fields.rank_fields
  if (!isGiven(names)) return []
  if (!isList(names)) throw invalid('rank_fields', 'must be a list of field names.')
  return names.map((name) => {
    if (typeof name !== 'string') throw invalid('rank_fields', 'must be a list of field names.')
    return name
  })
}

/** Objects as rerankers read them best: a field a line, as YAML. */
function linesOf(fields: readonly (readonly [string, unknown])[]): string {
  return fields
    .filter(([, value]) => isGiven(value))
    .map(([name, value]) => `${name}: ${textOf(value) ?? JSON.stringify(value)}`)
    .join('\n')
}
