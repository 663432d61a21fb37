import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './refusals.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'

/** Chat content from the content of an item: one text where it is nothing but text, else a list of parts. */
export function contentOf(content: unknown, path: string): string | readonly Fields[] {
  if (typeof content === 'string') return content
  if (!isList(content)) throw invalid(path, 'must be a text or a list of parts.')
  const parts = content.map((part, index) => partOf(part, `${path}[${index}]`))
  return parts.every(isText) ? parts.map(({ text }) => text).join('\n') : parts
}

interface TextPart extends Fields {
  readonly type: 'text'
  readonly text: string
}

function isText(part: Fields): part is TextPart {
  return part.type === 'text'
}

type Reader = (part: Fields, path: string) => Fields

const readers = new Map<unknown, Reader>([
  ['input_text', textPart],
  ['output_text', textPart],
  ['text', textPart],
  ['refusal', (part, path) => textPart({ text: part.refusal }, path)],
  ['input_image', imagePart],
  ['input_file', filePart],
  ['input_audio', audioPart],
])

function partOf(part: unknown, path: string): Fields {
  if (!isObject(part)) throw invalid(path, 'must be an object with a type.')
  const read = readers.get(part.type)
  if (read !== undefined) return read(part, path)
  throw invalid(`${path}.type`, 'must be input_text, output_text, input_image or input_file.')
}

function textPart({ text }: Fields, path: string): TextPart {
  if (typeof text === 'string') return { type: 'text', text }
  throw invalid(`${path}.text`, 'must be a text.')
}

function imagePart(part: Fields, path: string): Fields {
  const url = part.image_url
  if (isGiven(part.file_id) && !isGiven(url))
    throw unsupported(
      `${path}.file_id`,
      'the gateway keeps no files; give the picture as image_url, an address or a data: URL.',
    )
  if (typeof url !== 'string')
    throw invalid(`${path}.image_url`, 'must be an address or a data: URL.')
  const detail = textOf(part.detail)
  // What chat calls the best is all it has.
  const asked = detail === 'original' ? 'high' : detail
  const isSaid = asked !== undefined && asked !== 'auto'
  return { type: 'image_url', image_url: { url, ...(isSaid && { detail: asked }) } }
}

function filePart(part: Fields, path: string): Fields {
  const name = textOf(part.filename)
  const named = name === undefined ? {} : { filename: name }
  const data = textOf(part.file_data)
  if (data !== undefined) return { type: 'file', file: { ...named, file_data: data } }
  const address = textOf(part.file_url)
  // Chat has no word for an address: those dialects that read one take it here.
  if (address !== undefined) return { type: 'file', file: { ...named, file_data: address } }
  const id = textOf(part.file_id)
  if (id !== undefined) return { type: 'file', file: { file_id: id } }
  throw invalid(path, 'must have file_data, file_url or file_id.')
}

function audioPart({ input_audio: audio }: Fields, path: string): Fields {
  if (isObject(audio)) return { type: 'input_audio', input_audio: audio }
  throw invalid(`${path}.input_audio`, 'must be an object with data and format.')
}
