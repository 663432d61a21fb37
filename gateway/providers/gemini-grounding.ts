import { isObject } from '../../modules/json-object.ts'
import { countOf, isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** What Gemini tells beside its words, each as it comes, by the name it has in `provider_specific_fields`. */
const kept: readonly (readonly [string, string])[] = [
  ['groundingMetadata', 'grounding_metadata'],
  ['urlContextMetadata', 'url_context_metadata'],
  ['citationMetadata', 'citation_metadata'],
  ['safetyRatings', 'safety_ratings'],
  ['finishMessage', 'finish_message'],
]

/** What a candidate tells beside its words, and why it stopped where OpenAI has no word for it. */
export function besidesOf({ safetyRatings, ...rest }: JsonObject): JsonObject {
  const reason = textOf(rest.finishReason)
  // Some models rate each piece of a stream; how it ended is enough.
  const candidate = reason === undefined ? rest : { ...rest, safetyRatings }
  const isPlain = reason === undefined || reason === 'STOP' || reason === 'MAX_TOKENS'
  return {
    ...Object.fromEntries(
      kept.flatMap(([from, to]) => (isGiven(candidate[from]) ? [[to, candidate[from]]] : [])),
    ),
    ...(!isPlain && { finish_reason: reason }),
  }
}

/** OpenAI's `annotations`: which pages stand behind which stretch of the text. */
export function annotationsOf(candidate: JsonObject, text: string): readonly JsonObject[] {
  const told = candidate.groundingMetadata
  if (!isObject(told) || !isList(told.groundingChunks)) return []
  const pages = told.groundingChunks.map((chunk) => (isObject(chunk) ? pageIn(chunk) : undefined))
  const supports = isList(told.groundingSupports) ? told.groundingSupports : []
  // Gemini counts bytes, OpenAI characters.
  const bytes = supports.length > 0 ? Buffer.from(text) : Buffer.alloc(0)
  return supports.filter(isObject).flatMap(({ segment, groundingChunkIndices: indices }) => {
    const stretch = isObject(segment) ? segment : {}
    const charactersTo = (end: number): number => bytes.subarray(0, end).toString('utf8').length
    const start = charactersTo(countOf(stretch.startIndex) ?? 0)
    const end = charactersTo(countOf(stretch.endIndex) ?? 0)
    return (isList(indices) ? indices : []).flatMap((index) => {
      const page = typeof index === 'number' ? pages[index] : undefined
      if (page === undefined) return []
      return [
        { type: 'url_citation', url_citation: { start_index: start, end_index: end, ...page } },
      ]
    })
  })
}

function pageIn(chunk: JsonObject): JsonObject | undefined {
  const page = [chunk.web, chunk.maps, chunk.retrievedContext].find(isObject)
  const url = textOf(page?.uri)
  return url === undefined ? undefined : { url, title: textOf(page?.title) ?? url }
}
