import { isObject } from '../../modules/json-object.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/** OpenAI's annotations for the citations of a text, which stands from `start` to `end` of the answer. */
export function annotationsFor(
  citations: unknown,
  start: number,
  end: number,
): readonly JsonObject[] {
  if (!isList(citations)) return []
  return citations.flatMap((citation) => {
    const url = isObject(citation) ? textOf(citation.url) : undefined
    // What stands in a document of the caller's own has no address.
    if (!isObject(citation) || url === undefined) return []
    const title = textOf(citation.title) ?? ''
    const cited = { start_index: start, end_index: end, url, title }
    return [{ type: 'url_citation', url_citation: cited }]
  })
}

/** The annotations of a whole answer. */
export function annotationsIn(blocks: readonly JsonObject[]): readonly JsonObject[] {
  let end = 0
  return blocks.flatMap(({ type, text, citations }) => {
    if (type !== 'text') return []
    const start = end
    end += textOf(text)?.length ?? 0
    return annotationsFor(citations, start, end)
  })
}
