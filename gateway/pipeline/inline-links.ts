import { isObject } from '../../modules/json-object.ts'
import type { LinkedFile, LinkedKind } from '../providers/provider.ts'

type Fields = Readonly<Record<string, unknown>>

/** Tells what takes the place of an address; undefined: it stays. */
export type Swap = (file: LinkedFile, path: string) => string | undefined

/** A request in OpenAI's words with its files' addresses swapped; the very same one where none is. */
export function swapLinks(fields: Fields, swap: Swap): Fields {
  const { messages } = fields
  const turns = swapList(messages, 'messages', (message, path) => swapMessage(message, path, swap))
  return turns === messages ? fields : { ...fields, messages: turns }
}

function swapMessage(message: unknown, path: string, swap: Swap): unknown {
  if (!isObject(message)) return message
  const { content } = message
  const parts = swapList(content, `${path}.content`, (part, at) => swapPart(part, at, swap))
  return parts === content ? message : { ...message, content: parts }
}

const kinds: Readonly<Record<string, LinkedKind>> = {
  image_url: 'picture',
  video_url: 'film',
  audio_url: 'sound',
  input_audio: 'sound',
  file: 'document',
}

const members = ['url', 'file_data', 'data']

function swapPart(part: unknown, path: string, swap: Swap): unknown {
  if (!isObject(part) || typeof part.type !== 'string' || !Object.hasOwn(kinds, part.type))
    return part
  const { type } = part
  const kind = kinds[type] ?? 'document'
  const inner = part[type]
  // Some write the address where an object is meant to be.
  const found = isObject(inner)
    ? (swapped(inner, members, kind, `${path}.${type}.`, swap) ?? asData(inner, kind, path, swap))
    : swapped(part, [type], kind, `${path}.`, swap)?.[type]
  if (found === undefined) return part
  return { ...part, [type]: isObject(inner) && isObject(found) ? { ...inner, ...found } : found }
}

/** Callers of LiteLLM give a file's address as its id. */
function asData(file: Fields, kind: LinkedKind, path: string, swap: Swap): Fields | undefined {
  const found = swapped(file, ['file_id'], kind, `${path}.file.`, swap)
  return found && { file_id: undefined, file_data: found['file_id'] }
}

function swapped(
  from: Fields,
  names: readonly string[],
  kind: LinkedKind,
  path: string,
  swap: Swap,
): Fields | undefined {
  for (const name of names) {
    const url = from[name]
    if (typeof url !== 'string' || !/^https?:/i.test(url)) continue
    const other = swap({ kind, url }, path + name)
    if (other !== undefined) return { [name]: other }
  }
  return undefined
}

function swapList(
  list: unknown,
  path: string,
  change: (item: unknown, path: string) => unknown,
): unknown {
  if (!Array.isArray(list)) return list
  let changed: unknown[] | undefined
  list.forEach((item: unknown, index) => {
    const other = change(item, `${path}[${index}]`)
    if (other === item) return
    changed ??= [...list]
    changed[index] = other
  })
  return changed ?? list
}

/** Where in a request a text stands, as `input[0].content[1].image_url`; undefined: nowhere. */
export function findText(value: unknown, text: string, path = ''): string | undefined {
  if (value === text) return path
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = findText(item, text, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isObject(value)) return undefined
  for (const [key, item] of Object.entries(value)) {
    const found = findText(item, text, path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}
