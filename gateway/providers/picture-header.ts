/** What the first bytes of a picture tell. */
export interface PictureHeader {
  readonly contentType: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/gif'
  readonly width: number
  readonly height: number
  /** Whether it may be transparent in places. */
  readonly hasAlpha: boolean
}

type Told = Omit<PictureHeader, 'contentType'>

/** The kind and the size of a picture; undefined where it is none that is known, or cut off. */
export function readPictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [contentType, read] = kindOf(view) ?? []
  const told = contentType && view.length >= 30 ? read?.(view) : undefined
  if (!contentType || !told || told.width === 0 || told.height === 0) return undefined
  return { contentType, ...told }
}

type Kind = readonly [PictureHeader['contentType'], (bytes: Buffer) => Told | undefined]

function kindOf(bytes: Buffer): Kind | undefined {
  const start = bytes.toString('latin1', 0, 12)
  if (start.startsWith('\x89PNG\r\n')) return ['image/png', readPng]
  if (start.startsWith('\xff\xd8\xff')) return ['image/jpeg', readJpeg]
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return ['image/webp', readWebp]
  if (start.startsWith('GIF8')) return ['image/gif', readGif]
  return undefined
}

// Colour types 4 and 6 carry transparency.
function readPng(bytes: Buffer): Told {
  const hasAlpha = ((bytes[25] ?? 0) & 4) !== 0
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20), hasAlpha }
}

function readGif(bytes: Buffer): Told {
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8), hasAlpha: true }
}

function readWebp(bytes: Buffer): Told | undefined {
  const kind = bytes.toString('latin1', 12, 16)
  if (kind === 'VP8X') {
    const hasAlpha = ((bytes[20] ?? 0) & 16) !== 0
    return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1, hasAlpha }
  }
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21)
    const height = ((bits >>> 14) & 0x3fff) + 1
    return { width: (bits & 0x3fff) + 1, height, hasAlpha: ((bits >>> 28) & 1) === 1 }
  }
  if (kind !== 'VP8 ') return undefined
  const side = (at: number): number => bytes.readUInt16LE(at) & 0x3fff
  return { width: side(26), height: side(28), hasAlpha: false }
}

/** The size stands in the first frame: markers C0 to CF, but for three of other use. */
function readJpeg(bytes: Buffer): Told | undefined {
  let at = 2
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame)
      return {
        width: bytes.readUInt16BE(at + 7),
        height: bytes.readUInt16BE(at + 5),
        hasAlpha: false,
      }
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}
