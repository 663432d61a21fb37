import { isObject } from '../../modules/json-object.ts'
import { isGiven, objectsIn, textIn, textOf, type Fields } from './read-fields.ts'
import { invalid, unsupported } from './refusals.ts'

/** A part of OpenAI's content; its cache mark beside it, for models that take such. */
export type Part = Fields

type Reader = (block: Fields, path: string) => readonly Part[]

const readers = new Map<unknown, Reader>([
  ['text', ({ text }, path) => [textPart(textIn(text, `${path}.text`))]],
  ['image', ({ source }, path) => [pictureOf(source, `${path}.source`)]],
  ['document', documentOf],
  ['search_result', searchResultOf],
])

/** What Anthropic's content says, as OpenAI's parts: a text, or a list of blocks. */
export function partsOf(content: unknown, path: string): readonly Part[] {
  if (typeof content === 'string') return [textPart(content)]
  return objectsIn(content, path).flatMap(([block, at]) => partsOfBlock(block, at))
}

/** One block of a user's, a tool's or a system's words. */
export function partsOfBlock(block: Fields, path: string): readonly Part[] {
  const read = readers.get(block.type)
  if (read === undefined)
    throw unsupported(`${path}.type`, 'it takes blocks of type text, image and document.')
  const parts = read(block, path)
  const last = parts.at(-1)
  if (last === undefined || !isGiven(block.cache_control)) return parts
  return [...parts.slice(0, -1), { ...last, cache_control: block.cache_control }]
}

/** One text where there are texts alone, which every server takes; the list where it says more. */
export function contentOf(parts: readonly Part[], takesCacheMarks: boolean): unknown {
  const isPlain = parts.every(
    ({ type, cache_control: mark }) => type === 'text' && !(takesCacheMarks && isGiven(mark)),
  )
  if (isPlain) return parts.map(({ text }) => text).join('\n')
  return takesCacheMarks ? parts : parts.map(withoutMark)
}

function withoutMark(part: Part): Part {
  const { cache_control: _, ...rest } = part
  return rest
}

/** Whether a part is a text. */
export function isText({ type }: Part): boolean {
  return type === 'text'
}

function textPart(text: string): Part {
  return { type: 'text', text }
}

function pictureOf(source: unknown, path: string): Part {
  if (!isObject(source)) throw invalid(path, 'must be an object with a type.')
  if (source.type === 'base64') return imagePart(dataUrl(source, path))
  if (source.type === 'url') return imagePart(textIn(source.url, `${path}.url`))
  throw unsupported(`${path}.type`, 'send the picture as base64 or by its url.')
}

function imagePart(url: string): Part {
  return { type: 'image_url', image_url: { url } }
}

function dataUrl({ media_type: type, data }: Fields, path: string): string {
  return `data:${textIn(type, `${path}.media_type`)};base64,${textIn(data, `${path}.data`)}`
}

function documentOf({ source, title, context }: Fields, path: string): readonly Part[] {
  const at = `${path}.source`
  if (!isObject(source)) throw invalid(at, 'must be an object with a type.')
  const name = textOf(title)
  const heading = [name, textOf(context)].filter(Boolean).join('\n')
  const head = heading === '' ? [] : [textPart(heading)]
  switch (source.type) {
    case 'text':
      return [...head, textPart(textIn(source.data, `${at}.data`))]
    case 'content':
      return [...head, ...partsOf(source.content, `${at}.content`)]
    case 'base64':
      return [filePart({ filename: name || 'document.pdf', file_data: dataUrl(source, at) })]
    case 'url':
      return [
        filePart({ ...(name && { filename: name }), file_data: textIn(source.url, `${at}.url`) }),
      ]
    case 'file':
      return [filePart({ file_id: textIn(source.file_id, `${at}.file_id`) })]
    default:
      throw unsupported(`${at}.type`, 'send the document as base64, as a text or by its url.')
  }
}

function filePart(file: Fields): Part {
  return { type: 'file', file }
}

function searchResultOf({ title, source, content }: Fields, path: string): readonly Part[] {
  const heading = [textOf(title), textOf(source)].filter(Boolean).join('\n')
  return [...(heading === '' ? [] : [textPart(heading)]), ...partsOf(content, `${path}.content`)]
}
