import { headLength, type Sound, type SoundReader } from './duration-reader.ts'

interface Codec {
  /** Units of a page's position a second. */
  readonly rate: number
  /** Units at the beginning that are not played. */
  readonly skipped: number
}

const pageHeader = 27

/** Ogg: the position that the last page of the first stream has, by the rate of its codec. */
export function* readOgg(head: Buffer, sound: Sound): SoundReader {
  let page: Buffer = Buffer.concat([head, yield pageHeader - headLength])
  const serial = page.readUInt32LE(14)
  let codec: Codec | undefined
  for (;;) {
    if (page.toString('latin1', 0, 4) !== 'OggS') return
    const lengths = yield page[26] ?? 0
    const length = lengths.reduce((sum, one) => sum + one, 0)
    const isOfStream = page.readUInt32LE(14) === serial
    if (!codec) {
      codec = codecIn(yield length)
      if (!codec) return
    } else {
      const position = Number(page.readBigInt64LE(6))
      if (isOfStream && position > codec.skipped)
        sound.seconds = (position - codec.skipped) / codec.rate
      yield -length
    }
    page = yield pageHeader
  }
}

function codecIn(packet: Buffer): Codec | undefined {
  const name = packet.toString('latin1', 0, 8)
  if (name === 'OpusHead' && packet.length >= 12)
    return { rate: 48_000, skipped: packet.readUInt16LE(10) }
  if (name.startsWith('\u0001vorbis') && packet.length >= 16)
    return soundRate(packet.readUInt32LE(12))
  if (name === 'Speex   ' && packet.length >= 40) return soundRate(packet.readUInt32LE(36))
  // FLAC in Ogg: its own head begins behind nine bytes.
  if (name.startsWith('\u007fFLAC') && packet.length >= 31)
    return soundRate(packet.readUInt32BE(27) >>> 12)
  return undefined
}

function soundRate(rate: number): Codec | undefined {
  return rate > 0 ? { rate, skipped: 0 } : undefined
}
