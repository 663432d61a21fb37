import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** A message's content as Anthropic's blocks. Texts without a word, which it refuses, are left out. */
export function blocksOf(content: unknown, path: string): JsonObject[] {
  if (!isGiven(content)) return []
  if (typeof content === 'string') return content.trim() === '' ? [] : [textBlock(content)]
  if (!isList(content)) throw invalid(path, 'must be a text or a list of parts.')
  return content.flatMap((part, index) => blockOf(part, `${path}[${index}]`))
}

/** A text as a block. */
export function textBlock(text: string): JsonObject {
  return { type: 'text', text }
}

/** The mark that a prompt is to be cached up to here, where one is set. */
export function cacheMark(from: JsonObject): JsonObject {
  return isGiven(from.cache_control) ? { cache_control: from.cache_control } : {}
}

/** Blocks of Anthropic's own that callers send in OpenAI's messages. */
const own = new Set([
  'image',
  'document',
  'search_result',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
  'server_tool_use',
  'web_search_tool_result',
  'container_upload',
])

type Reader = (part: JsonObject, path: string) => JsonObject | undefined

const readers = new Map<unknown, Reader>([
  ['text', (part, path) => textIn(part.text, path)],
  ['refusal', (part, path) => textIn(part.refusal, path)],
  ['image_url', (part, path) => imageOf(part.image_url, `${path}.image_url`)],
  ['file', (part, path) => fileOf(part.file, `${path}.file`)],
])

function blockOf(part: unknown, path: string): readonly JsonObject[] {
  if (!isObject(part)) throw invalid(path, 'must be an object with a type.')
  const type = textOf(part.type)
  if (type !== undefined && own.has(type)) return [part]
  const read = readers.get(type)
  if (read === undefined)
    throw unsupported(
      `${path}.type`,
      'Anthropic takes parts of type text, image_url (a picture) and file (a PDF or a text).',
    )
  const block = read(part, path)
  return block === undefined ? [] : [{ ...block, ...cacheMark(part) }]
}

function textIn(text: unknown, path: string): JsonObject | undefined {
  if (typeof text !== 'string') throw invalid(path, 'must have a text.')
  return text.trim() === '' ? undefined : textBlock(text)
}

function imageOf(picture: unknown, path: string): JsonObject {
  const url = isObject(picture) ? picture.url : picture
  if (typeof url !== 'string') throw invalid(path, 'must have a url.')
  if (isAddress(url)) return { type: 'image', source: { type: 'url', url } }
  return inlined(url, `${path}.url`)
}

function fileOf(file: unknown, path: string): JsonObject {
  if (!isObject(file)) throw invalid(path, 'must be an object with file_data or file_id.')
  const { file_data: data, file_id: id, filename } = file
  const title = textOf(filename)
  const name = title === undefined || title === '' ? {} : { title }
  const given = textOf(data) ?? textOf(id)
  if (given === undefined) throw invalid(path, 'must have file_data or file_id.')
  if (isAddress(given)) return { type: 'document', source: { type: 'url', url: given }, ...name }
  if (textOf(data) === undefined)
    return { type: 'document', source: { type: 'file', file_id: given }, ...name }
  const block = inlined(given, `${path}.file_data`)
  return block.type === 'document' ? { ...block, ...name } : block
}

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

const pictures = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp'])

/** What a `data:` URL holds: a picture, a PDF or a text. */
function inlined(url: string, path: string): JsonObject {
  const comma = url.indexOf(',')
  const [, mediaType = ''] =
    /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.+=-]+)*;base64$/i.exec(url.slice(0, Math.max(comma, 0))) ??
    []
  const type = mediaType.toLowerCase().replace('image/jpg', 'image/jpeg')
  const data = url.slice(comma + 1)
  if (type === '' || data === '')
    throw invalid(path, 'must be an address or start like data:image/png;base64,')
  if (pictures.has(type)) return { type: 'image', source: base64Source(type, data) }
  if (type === 'application/pdf') return { type: 'document', source: base64Source(type, data) }
  if (!type.startsWith('text/'))
    throw invalid(path, `holds ${type}; Anthropic takes JPEG, PNG, GIF, WebP, PDF and texts.`)
  const text = Buffer.from(data, 'base64').toString('utf8')
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }
}

function base64Source(mediaType: string, data: string): JsonObject {
  return { type: 'base64', media_type: mediaType, data }
}
