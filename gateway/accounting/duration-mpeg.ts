import { headLength, type Sound, type SoundReader } from './duration-reader.ts'

interface Frame {
  /** Bytes, its header among them. */
  readonly length: number
  readonly seconds: number
}

/** kbit/s by the index in a header: version 1 by layer, then version 2 by layer. */
const bitRates = {
  '11': [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  '12': [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  '13': [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  '21': [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  '22': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  '23': [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const

const mpegRates = [44_100, 48_000, 32_000]
const aacRates = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
  7350,
]
/** What may stand between two frames before a file counts as ended. */
const mostStray = 256 * 1024

export function isMpegFrame(header: Buffer): boolean {
  return mpegFrame(header) !== undefined
}

/** MP3 and its elder layers: frame by frame, whatever their bit rates. */
export function* readMpeg(head: Buffer, sound: Sound): SoundReader {
  const first = mpegFrame(head)
  if (!first) return
  const rest = yield first.length - headLength
  // A first frame with a table of contents holds no sound.
  const isTable = /Xing|Info|VBRI/.test(rest.toString('latin1', 0, 48))
  sound.seconds = isTable ? 0 : first.seconds
  yield* walkFrames(4, mpegFrame, sound)
}

/** AAC as it is streamed. */
export function* readAdts(head: Buffer, sound: Sound): SoundReader {
  const first = adtsFrame(head)
  if (!first || first.length < headLength) return
  sound.seconds = first.seconds
  yield -(first.length - headLength)
  yield* walkFrames(7, adtsFrame, sound)
}

function* walkFrames(
  length: number,
  frameOf: (header: Buffer) => Frame | undefined,
  sound: Sound,
): SoundReader {
  let header = Buffer.from(yield length)
  let stray = 0
  for (;;) {
    const frame = frameOf(header)
    if (frame) {
      sound.seconds = (sound.seconds ?? 0) + frame.seconds
      yield -(frame.length - length)
      header = Buffer.from(yield length)
      stray = 0
    } else {
      stray += 1
      if (stray > mostStray) return
      header.copyWithin(0, 1)
      header.set(yield 1, length - 1)
    }
  }
}

function mpegFrame(header: Buffer): Frame | undefined {
  const word = header.readUInt32BE(0)
  if (word >>> 21 !== 0x7ff) return undefined
  const version = (word >>> 19) & 3
  const layer = 4 - ((word >>> 17) & 3)
  if (version === 1 || layer === 4) return undefined
  const table = bitRates[`${version === 3 ? 1 : 2}${layer === 1 ? 1 : layer === 2 ? 2 : 3}`]
  const bitRate = (table[(word >>> 12) & 15] ?? 0) * 1000
  const rate = (mpegRates[(word >>> 10) & 3] ?? 0) / (version === 3 ? 1 : version === 2 ? 2 : 4)
  if (bitRate === 0 || rate === 0) return undefined
  const padding = (word >>> 9) & 1
  const samples = layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152
  const slot = layer === 1 ? 4 : 1
  const length = (Math.floor((samples / 8 / slot) * (bitRate / rate)) + padding) * slot
  return length > headLength ? { length, seconds: samples / rate } : undefined
}

function adtsFrame(header: Buffer): Frame | undefined {
  if (header[0] !== 0xff || ((header[1] ?? 0) & 0xf6) !== 0xf0) return undefined
  const rate = aacRates[((header[2] ?? 0) >>> 2) & 15]
  const length = (header.readUInt32BE(3) >>> 13) & 0x1fff
  const blocks = ((header[6] ?? 0) & 3) + 1
  return rate !== undefined && length > 7 ? { length, seconds: (1024 * blocks) / rate } : undefined
}
