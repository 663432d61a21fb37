import { isUtf8 } from 'node:buffer'

/** What bytes are, by how they begin; texts by what their server says of them. Undefined: nothing known. */
export function mediaTypeOf(bytes: Buffer, declared: string | undefined): string | undefined {
  const [said = ''] = (declared ?? '').toLowerCase().split(';')
  const found = magics.find(
    ({ at = 0, magic }) => bytes.toString('latin1', at, at + magic.length) === magic,
  )
  if (found)
    return found.type === undefined ? boxType(bytes) : refine(found.type, bytes, said.trim())
  return isText(said.trim()) && isUtf8(bytes) && !bytes.includes(0) ? said.trim() : undefined
}

interface Magic {
  readonly magic: string
  readonly at?: number
  /** Undefined: told by its brand. */
  readonly type?: string
}

const magics: readonly Magic[] = [
  { magic: '\x89PNG\r\n\x1a\n', type: 'image/png' },
  { magic: '\xff\xd8\xff', type: 'image/jpeg' },
  { magic: 'GIF87a', type: 'image/gif' },
  { magic: 'GIF89a', type: 'image/gif' },
  { magic: 'RIFF', type: 'riff' },
  { magic: 'BM', type: 'image/bmp' },
  { magic: 'II*\0', type: 'image/tiff' },
  { magic: 'MM\0*', type: 'image/tiff' },
  { magic: '%PDF-', type: 'application/pdf' },
  { magic: 'ID3', type: 'audio/mpeg' },
  { magic: 'OggS', type: 'audio/ogg' },
  { magic: 'fLaC', type: 'audio/flac' },
  { magic: '\x1aE\xdf\xa3', type: 'video/webm' },
  { magic: 'ftyp', at: 4 },
  ...['\xff\xfb', '\xff\xf3', '\xff\xf2', '\xff\xfa'].map((magic) => ({
    magic,
    type: 'audio/mpeg',
  })),
]

function refine(type: string, bytes: Buffer, declared: string): string | undefined {
  if (type === 'riff') return riffTypes[bytes.toString('latin1', 8, 12)]
  // Two letters are also how a text may begin.
  if (type === 'image/bmp' && isText(declared)) return declared
  return type === 'video/webm' && declared.startsWith('audio/') ? 'audio/webm' : type
}

const riffTypes: Readonly<Record<string, string>> = { WEBP: 'image/webp', WAVE: 'audio/wav' }

const brands: readonly (readonly [RegExp, string])[] = [
  [/^avi[fs]/, 'image/avif'],
  [/^(hei[cxms]|hev[cxms])/, 'image/heic'],
  [/^(mif1|msf1)/, 'image/heif'],
  [/^M4[AB]/, 'audio/mp4'],
  [/^qt/, 'video/quicktime'],
]

/** Of the family that MP4 began: its first brand tells. */
function boxType(bytes: Buffer): string {
  const brand = bytes.toString('latin1', 8, 12)
  return brands.find(([pattern]) => pattern.test(brand))?.[1] ?? 'video/mp4'
}

function isText(type: string): boolean {
  return /^(text\/[\w.+-]+|application\/(json|xml|yaml|x-yaml|[\w.-]+\+(json|xml)))$/.test(type)
}
