import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { mediaPart } from './gemini-media.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** A message's content as Gemini's parts. Empty texts, which it refuses, are left out. */
export function partsOf(content: unknown, path: string): JsonObject[] {
  if (!isGiven(content) || content === '') return []
  if (typeof content === 'string') return [{ text: content }]
  if (!isList(content)) throw invalid(path, 'must be a text or a list of parts.')
  return content.flatMap((part, index) => partOf(part, `${path}[${index}]`))
}

type Reader = (part: JsonObject, path: string) => readonly JsonObject[]

const readers = new Map<unknown, Reader>([
  ['text', (part, path) => textIn(part.text, path)],
  ['refusal', (part, path) => textIn(part.refusal, path)],
  ['image_url', (part, path) => [linked(part.image_url, `${path}.image_url`, 'image/jpeg')]],
  ['video_url', (part, path) => [linked(part.video_url, `${path}.video_url`, 'video/mp4')]],
  ['audio_url', (part, path) => [linked(part.audio_url, `${path}.audio_url`, 'audio/mp3')]],
  ['input_audio', (part, path) => [soundOf(part.input_audio, `${path}.input_audio`)]],
  ['file', (part, path) => [fileOf(part.file, `${path}.file`)]],
])

/** Parts of Gemini's own that callers put into OpenAI's messages. */
const own = ['inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode']

function partOf(part: unknown, path: string): readonly JsonObject[] {
  if (!isObject(part)) throw invalid(path, 'must be an object with a type.')
  const read = readers.get(part.type)
  if (read !== undefined) return read(part, path)
  if (!isGiven(part.type) && own.some((name) => isGiven(part[name]))) return [part]
  throw unsupported(
    `${path}.type`,
    'Gemini takes parts of type text, image_url, input_audio, video_url and file.',
  )
}

function textIn(text: unknown, path: string): readonly JsonObject[] {
  if (typeof text !== 'string') throw invalid(path, 'must have a text.')
  return text === '' ? [] : [{ text }]
}

function linked(link: unknown, path: string, otherwise: string): JsonObject {
  const given = isObject(link) ? link : { url: link }
  if (typeof given.url !== 'string') throw invalid(path, 'must have a url.')
  const type = textOf(given.format)
  return mediaPart(given.url, `${path}.url`, { type, otherwise })
}

function soundOf(sound: unknown, path: string): JsonObject {
  if (!isObject(sound) || typeof sound.data !== 'string')
    throw invalid(path, 'must have data, the sound in base64, and a format.')
  const format = textOf(sound.format) ?? 'wav'
  const type = format.includes('/') ? format : `audio/${format}`
  return mediaPart(sound.data, `${path}.data`, { type, otherwise: type })
}

function fileOf(file: unknown, path: string): JsonObject {
  if (!isObject(file)) throw invalid(path, 'must be an object with file_data or file_id.')
  const at = isGiven(file.file_data) ? 'file_data' : 'file_id'
  const given = textOf(file[at])
  if (given === undefined) throw invalid(path, 'must have file_data or file_id.')
  const type = textOf(file.format)
  return mediaPart(given, `${path}.${at}`, { type, otherwise: 'application/pdf' })
}
