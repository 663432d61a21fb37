import { invalid, nonsense, refuseUnsayable, type Unsayable } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { countOf, givenFields, isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { documentsIn, documentText, rankFieldsIn, type Document } from './rerank-documents.ts'

/** How a server words what Cohere and Jina share. */
export interface RerankWords {
  readonly path: string
  /** Its name for `documents`; default: the same. */
  readonly documents?: string
  /** Its name for `top_n`; default: the same; empty: it has none. No more than asked come back, whatever it does. */
  readonly most?: string
  /** Whether the answer is the list of results; else that is under `results` or `data`. */
  readonly isBareList?: boolean
  /** Its name for `relevance_score`; default: the same. */
  readonly score?: string
  /** Objects it takes as they are; default: none, and their text is sent. */
  readonly takes?: (document: JsonObject) => boolean
  /** What goes with every request for which documents are, or are not, to be returned: they are ours to add. */
  readonly withoutDocuments?: JsonObject
  readonly unsayable?: readonly Unsayable[]
  /** Whether it serves one model and has no word for it. */
  readonly isNameless?: boolean
}

/** Words of Cohere's for long documents that others have not; `instead` names theirs. */
export function withoutChunks(vendor: string, instead: string): readonly Unsayable[] {
  const reason = `${vendor} has ${instead} instead.`
  return ['max_chunks_per_doc', 'max_tokens_per_doc'].map((field) => ({
    field,
    isAsked: () => true,
    reason,
  }))
}

const spoken = new Set(['model', 'query', 'documents', 'top_n', 'return_documents', 'rank_fields'])

/** Cohere's and Jina's rerank over a server with words of its own. Unknown fields go through, both ways. */
export function createRerank(words: RerankWords): Translated {
  return {
    kind: 'translated',
    toUpstream: (request, target) => toUpstream(request, target, words),
    toAnswer: (answer, request) => toAnswer(answer, request, words),
  }
}

function toUpstream(request: ModelRequest, target: Target, words: RerankWords): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, words.unsayable ?? [], target)
  const query = textOf(fields.query)
  if (query === undefined) throw invalid('query', 'must be a text.')
  const unsayable = new Set(words.unsayable?.map(({ field }) => field))
  const others = Object.entries(fields).filter(
    ([name]) => !spoken.has(name) && !unsayable.has(name),
  )
  const rankFields = rankFieldsIn(fields)
  const documents = documentsIn(fields.documents).map((document) =>
    isTakenAsIs(document, words, rankFields) ? document : documentText(document, rankFields),
  )
  const most = mostIn(fields)
  return {
    method: 'POST',
    path: words.path,
    body: {
      ...Object.fromEntries(others),
      ...(words.isNameless !== true && { model: target.model }),
      query,
      [words.documents ?? 'documents']: documents,
      ...(most !== undefined && words.most !== '' && { [words.most ?? 'top_n']: most }),
      ...(isGiven(fields.return_documents) && words.withoutDocuments),
    },
  }
}

function isTakenAsIs(
  document: Document,
  { takes }: RerankWords,
  rankFields: readonly string[],
): boolean {
  return isObject(document) && rankFields.length === 0 && takes?.(document) === true
}

function mostIn({ top_n: most }: JsonObject): number | undefined {
  if (!isGiven(most)) return undefined
  const count = countOf(most)
  if (count === undefined || count === 0) throw invalid('top_n', 'must be a whole number above 0.')
  return count
}

function toAnswer(
  answer: unknown,
  request: ModelRequest,
  words: RerankWords,
): Record<string, unknown> {
  const said = isObject(answer) ? answer : {}
  const { object: _, model, id, meta, usage, results: listed, data, ...others } = said
  const list = words.isBareList === true ? answer : (listed ?? data)
  if (!isList(list)) throw nonsense('a list of results was expected', request.model)
  const documents = documentsIn(request.fields.documents)
  const results = list.map((result) => resultOf(result, documents, { request, words }))
  results.sort((a, b) => b.relevance_score - a.relevance_score)
  return {
    ...others,
    id: textOf(id) || request.answerId,
    ...(isGiven(model) && { model: request.model }),
    results: results.slice(0, mostIn(request.fields)),
    ...usageOf(meta, usage),
  }
}

interface Result extends JsonObject {
  readonly relevance_score: number
}

function resultOf(
  result: unknown,
  documents: readonly Document[],
  { request, words }: { readonly request: ModelRequest; readonly words: RerankWords },
): Result {
  const scoreName = words.score ?? 'relevance_score'
  if (!isObject(result)) throw nonsense('a result is no object', request.model)
  const { [scoreName]: score, index, document, ...others } = result
  const own = countOf(index) === undefined ? undefined : documents[Number(index)]
  if (own === undefined) throw nonsense('a result is about no document', request.model)
  if (typeof score !== 'number') throw nonsense(`'${scoreName}' is no number`, request.model)
  return {
    ...others,
    index,
    relevance_score: score,
    ...documentOf(request.fields.return_documents, own, document),
  }
}

/** What is ours is known here: only where nothing is said of it the server's own habit shows. */
function documentOf(isAsked: unknown, own: Document, returned: unknown): JsonObject {
  if (isAsked === false) return {}
  if (isAsked === true) return { document: typeof own === 'string' ? { text: own } : own }
  if (typeof returned === 'string') return { document: { text: returned } }
  return isObject(returned) ? { document: returned } : {}
}

/** What it cost: Cohere's `meta` as it is, else made of the tokens a server counts, which stay beside it. */
function usageOf(meta: unknown, usage: unknown): JsonObject {
  if (!isObject(usage)) return isObject(meta) ? { meta } : {}
  const total = countOf(usage.total_tokens) ?? countOf(usage.prompt_tokens)
  if (total === undefined) return isObject(meta) ? { meta, usage } : { usage }
  const prompt = countOf(usage.prompt_tokens) ?? total
  const made = { billed_units: { total_tokens: total }, tokens: { input_tokens: prompt } }
  return {
    meta: isObject(meta) ? meta : made,
    usage: { ...usage, prompt_tokens: prompt, total_tokens: total },
  }
}
