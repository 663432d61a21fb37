import { invalid } from './dialect-limits.ts'
import type { JsonObject } from './read-json.ts'

/** What is known of a file beside its address. */
export interface MediaHints {
  /** Its type, as the caller says. */
  readonly type?: string | undefined
  /** Taken where neither caller nor address tells. */
  readonly otherwise: string
}

/** A picture, sound, film or document as a part: inside the request, or by an address that Google can read. */
export function mediaPart(url: string, path: string, hints: MediaHints): JsonObject {
  if (!/^(https?|gs):\/\//i.test(url)) return inlinePart(url, path, hints)
  const mimeType = hints.type ?? typeByName(url) ?? hints.otherwise
  return { fileData: { mimeType, fileUri: url } }
}

/** The part for bytes in base64. */
export function bytesPart(mimeType: string, data: string): JsonObject {
  return { inlineData: { mimeType, data } }
}

function inlinePart(url: string, path: string, hints: MediaHints): JsonObject {
  if (!url.startsWith('data:')) return bytesPart(hints.type ?? hints.otherwise, base64(url, path))
  const comma = url.indexOf(',')
  const header = url.slice(0, Math.max(comma, 0))
  const [, type] = /^data:([\w.+-]+\/[\w.+-]+)(?:;[\w.+=-]+)*;base64$/i.exec(header) ?? []
  if (type === undefined) throw invalid(path, 'must start like data:image/png;base64,')
  return bytesPart(hints.type ?? type.toLowerCase(), base64(url.slice(comma + 1), path))
}

function base64(text: string, path: string): string {
  // Looks for what does not belong: matching megabytes as one run would fill the stack.
  if (text === '' || /[^A-Za-z0-9+/=\r\n]/.test(text))
    throw invalid(path, 'is neither an address, nor a data: URL, nor base64.')
  return text
}

const typesByEnding: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  heic: 'image/heic',
  heif: 'image/heif',
  pdf: 'application/pdf',
  txt: 'text/plain',
  md: 'text/markdown',
  html: 'text/html',
  csv: 'text/csv',
  json: 'application/json',
  wav: 'audio/wav',
  mp3: 'audio/mp3',
  m4a: 'audio/m4a',
  ogg: 'audio/ogg',
  flac: 'audio/flac',
  aac: 'audio/aac',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mov: 'video/quicktime',
  webm: 'video/webm',
}

function typeByName(url: string): string | undefined {
  if (/^https?:\/\/(www\.|m\.)?(youtube\.com|youtu\.be)\//i.test(url)) return 'video/mp4'
  const [, ending = ''] = /\.([A-Za-z0-9]{2,5})$/.exec(url.replace(/[?#].*$/s, '')) ?? []
  const name = ending.toLowerCase()
  return Object.hasOwn(typesByEnding, name) ? typesByEnding[name] : undefined
}
