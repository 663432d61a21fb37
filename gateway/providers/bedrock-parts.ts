import { isObject } from '../../modules/json-object.ts'
import { documentTitle, formatOf, type Media } from './bedrock-media.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Where content stands in a request, and the names that its documents have by now. */
export interface Place {
  readonly path: string
  readonly titles: Set<string>
}

/** A message's content as Converse's blocks. Texts without a word, which it refuses, are left out. */
export function blocksOf(content: unknown, place: Place): JsonObject[] {
  if (!isGiven(content)) return []
  if (typeof content === 'string') return content.trim() === '' ? [] : [{ text: content }]
  if (!isList(content)) throw invalid(place.path, 'must be a text or a list of parts.')
  return content.flatMap((part, index) => {
    const path = `${place.path}[${index}]`
    if (!isObject(part)) throw invalid(path, 'must be an object with a type.')
    const block = blockOf(part, { ...place, path })
    return block === undefined ? [] : [block, ...cacheMark(part)]
  })
}

/** Converse's mark that a prompt is to be cached up to here, where one is set. */
export function cacheMark({ cache_control: mark }: JsonObject): readonly JsonObject[] {
  if (!isGiven(mark)) return []
  const ttl = isObject(mark) && mark.ttl === '1h' ? { ttl: '1h' } : {}
  return [{ cachePoint: { type: 'default', ...ttl } }]
}

/** A thought as it is sent back; undefined where nobody has signed it, which makes it another server's. */
export function thoughtBlock({
  type,
  thinking,
  signature,
  data,
}: JsonObject): JsonObject | undefined {
  if (type === 'redacted_thinking')
    return textOf(data) ? { reasoningContent: { redactedContent: data } } : undefined
  if (!textOf(signature)) return undefined
  return { reasoningContent: { reasoningText: { text: textOf(thinking) ?? '', signature } } }
}

type Reader = (part: JsonObject, place: Place) => JsonObject | undefined

const readers = new Map<unknown, Reader>([
  ['text', (part, place) => textIn(part.text, place)],
  ['refusal', (part, place) => textIn(part.refusal, place)],
  ['thinking', thoughtBlock],
  ['redacted_thinking', thoughtBlock],
  ['guarded_text', guarded],
  ['image_url', (part, place) => linked(part.image_url, 'image_url', place)],
  ['video_url', (part, place) => linked(part.video_url, 'video_url', place)],
  ['file', (part, place) => fileOf(part.file, place)],
])

function blockOf(part: JsonObject, place: Place): JsonObject | undefined {
  const read = readers.get(part.type)
  if (read !== undefined) return read(part, place)
  throw unsupported(
    `${place.path}.type`,
    'Bedrock takes parts of type text, image_url, video_url and file.',
  )
}

function textIn(text: unknown, { path }: Place): JsonObject | undefined {
  if (typeof text !== 'string') throw invalid(path, 'must have a text.')
  return text.trim() === '' ? undefined : { text }
}

/** Text that a guardrail is to look at, by LiteLLM's word. */
function guarded({ text }: JsonObject, { path }: Place): JsonObject {
  if (typeof text !== 'string') throw invalid(path, 'must have a text.')
  return { guardContent: { text: { text } } }
}

function linked(link: unknown, field: string, place: Place): JsonObject {
  const { url, format } = isObject(link) ? link : { url: link, format: undefined }
  if (typeof url !== 'string') throw invalid(`${place.path}.${field}`, 'must have a url.')
  return mediaBlock({ url, format: textOf(format) }, place)
}

function fileOf(file: unknown, place: Place): JsonObject {
  const path = `${place.path}.file`
  if (!isObject(file)) throw invalid(path, 'must be an object with file_data.')
  const url = textOf(file.file_data) ?? textOf(file.file_id)
  if (url === undefined) throw invalid(path, 'must have file_data.')
  const told = { url, format: textOf(file.format), fileName: textOf(file.filename) }
  return mediaBlock(told, { ...place, path })
}

interface Told {
  readonly url: string
  /** A media type, or the ending of a file's name. */
  readonly format: string | undefined
  readonly fileName?: string | undefined
}

/** A picture, a film or a document, inside the request or in a bucket of the account's. */
function mediaBlock({ url, format, fileName }: Told, { path, titles }: Place): JsonObject {
  if (url.startsWith('s3://')) {
    const media = formatOf(format ?? url.replace(/^.*\./, ''), path)
    return blockWith(media, { s3Location: { uri: url } }, fileName ?? url, titles)
  }
  const comma = url.indexOf(',')
  const head = url.slice(0, Math.max(comma, 0))
  const [, type] = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.+=-]+)*;base64$/i.exec(head) ?? []
  const bytes = url.slice(comma + 1)
  if (type === undefined || bytes === '')
    throw invalid(path, 'must start like data:image/png;base64, or s3://')
  return blockWith(formatOf(type, path), { bytes }, fileName, titles)
}

function blockWith(
  { kind, format }: Media,
  source: JsonObject,
  fileName: string | undefined,
  titles: Set<string>,
): JsonObject {
  if (kind !== 'document') return { [kind]: { format, source } }
  return { document: { format, name: documentTitle(fileName, titles), source } }
}
