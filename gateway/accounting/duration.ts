import { readFlac } from './duration-flac.ts'
import { readMp4 } from './duration-mp4.ts'
import { isMpegFrame, readAdts, readMpeg } from './duration-mpeg.ts'
import { readOgg } from './duration-ogg.ts'
import { headLength, type Sound, type SoundReader } from './duration-reader.ts'
import { readWav } from './duration-wav.ts'
import { readWebm } from './duration-webm.ts'

/**
 * How long the sound in a file is, read from its bytes on their way through: WAV, FLAC, Ogg, MP3, AAC, MP4 and WebM.
 * No more than a header is ever kept.
 */
export class DurationMeter {
  readonly #sound: Sound = { position: 0, seconds: undefined, atEnd: undefined }
  #reader: SoundReader | undefined
  #wanted = headLength
  #held: Buffer[] = []
  #heldLength = 0
  #total = 0

  constructor() {
    this.#reader = readSound(this.#sound)
    this.#reader.next()
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length
    let at = 0
    while (this.#reader && at < chunk.length) {
      at = this.#wanted < 0 ? this.#skip(chunk, at) : this.#take(chunk, at)
    }
  }

  /** What the bytes until now say; undefined: nothing, or in a form that is not known here. */
  get seconds(): number | undefined {
    const { seconds, atEnd } = this.#sound
    const known = atEnd ? atEnd(this.#total) : seconds
    return known !== undefined && known >= 0 && known < longest ? known : undefined
  }

  #skip(chunk: Buffer, at: number): number {
    const skipped = Math.min(-this.#wanted, chunk.length - at)
    this.#sound.position += skipped
    this.#wanted += skipped
    if (this.#wanted === 0) this.#resume(nothing)
    return at + skipped
  }

  #take(chunk: Buffer, at: number): number {
    const taken = chunk.subarray(at, at + this.#wanted - this.#heldLength)
    this.#sound.position += taken.length
    if (this.#heldLength + taken.length < this.#wanted) {
      this.#held.push(Buffer.from(taken))
      this.#heldLength += taken.length
      return chunk.length
    }
    const whole = this.#heldLength === 0 ? taken : Buffer.concat([...this.#held, taken])
    this.#held = []
    this.#heldLength = 0
    this.#resume(whole)
    return at + taken.length
  }

  #resume(bytes: Buffer): void {
    let next = this.#reader?.next(bytes)
    while (next && next.value === 0) next = this.#reader?.next(nothing)
    if (next && !next.done) this.#wanted = next.value
    else this.#reader = undefined
  }
}

const nothing = Buffer.alloc(0)
// No file is a year long: what says so is broken.
const longest = 365 * 24 * 3600

function* readSound(sound: Sound): SoundReader {
  let head = yield headLength
  if (head.toString('latin1', 0, 3) === 'ID3') {
    yield -(tagLength(head) - headLength)
    head = yield headLength
  }
  const magic = head.toString('latin1', 0, 4)
  if (magic === 'RIFF' && head.toString('latin1', 8) === 'WAVE') yield* readWav(sound)
  else if (magic === 'fLaC') yield* readFlac(sound)
  else if (magic === 'OggS') yield* readOgg(head, sound)
  else if (head.toString('latin1', 4, 8) === 'ftyp') yield* readMp4(head, sound)
  else if (head.readUInt32BE(0) === 0x1a45dfa3) yield* readWebm(head, sound)
  else if (isMpegFrame(head)) yield* readMpeg(head, sound)
  else if (head[0] === 0xff && ((head[1] ?? 0) & 0xf6) === 0xf0) yield* readAdts(head, sound)
}

/** Of an ID3v2 tag with its header and footer; its length comes in pieces of seven bits. */
function tagLength(head: Buffer): number {
  const [size3 = 0, size2 = 0, size1 = 0, size0 = 0] = head.subarray(6, 10)
  const hasFooter = ((head[5] ?? 0) & 0x10) !== 0
  const size = (size3 & 0x7f) * 2 ** 21 + (size2 & 0x7f) * 2 ** 14 + (size1 & 0x7f) * 2 ** 7
  return Math.max(headLength, 10 + size + (size0 & 0x7f) + (hasFooter ? 10 : 0))
}
