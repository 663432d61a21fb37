import { upstreamNonsense } from '../errors/upstream-nonsense.ts'

/** Where a piece of a stream ends: behind a line, or behind an empty line. */
export type Boundary = 'line' | 'empty line'

const largestPiece = 16 * 1024 * 1024
const lineFeed = 0x0a
const carriageReturn = 0x0d
const emptyLine = Buffer.from('\n\n')
const byteOrderMark = Buffer.of(0xef, 0xbb, 0xbf)

/**
 * Whole pieces out of bytes that the network cuts anywhere; only what is cut is held. Lines that end in CR or CRLF
 * leave with LF: it means the same, and every caller's parser takes it.
 */
export class WholePieces {
  readonly #boundary: Boundary
  #held: Buffer = Buffer.alloc(0)
  #length = 0
  #isFirst = true
  #isLineFeedOver = false

  constructor(boundary: Boundary) {
    this.#boundary = boundary
  }

  /** All that is whole by now; undefined where nothing is. Throws `upstream_nonsense` on a piece without end. */
  push(chunk: Buffer): Buffer | undefined {
    const bytes = this.#withLineFeeds(chunk)
    const end = this.#endIn(bytes)
    if (end === 0) {
      this.#hold(bytes)
      return undefined
    }
    const ready = end === bytes.length ? bytes : bytes.subarray(0, end)
    const whole = this.#length === 0 ? ready : this.#join(ready)
    if (end < bytes.length) this.#hold(bytes.subarray(end))
    return this.#isFirst ? this.#withoutMark(whole) : whole
  }

  /** What is left without its boundary; undefined where that is nothing. */
  flush(): Buffer | undefined {
    if (this.#length === 0) return undefined
    const rest = this.#join(Buffer.alloc(0))
    return this.#isFirst ? this.#withoutMark(rest) : rest
  }

  #endIn(bytes: Buffer): number {
    if (this.#boundary === 'line') return bytes.lastIndexOf(lineFeed) + 1
    const { length } = bytes
    if (length === 0) return 0
    const isAfterBreak = this.#length > 0 && this.#held[this.#length - 1] === lineFeed
    if (bytes[length - 1] === lineFeed) {
      if (length === 1 ? isAfterBreak : bytes[length - 2] === lineFeed) return length
    }
    const last = bytes.lastIndexOf(emptyLine)
    if (last >= 0) return last + emptyLine.length
    return isAfterBreak && bytes[0] === lineFeed ? 1 : 0
  }

  // Doubled as it grows, so that an event in a million pieces is not copied a million times.
  #hold(bytes: Buffer): void {
    const length = this.#length + bytes.length
    if (length > largestPiece) {
      const what = this.#boundary === 'line' ? 'a line' : 'an event'
      throw upstreamNonsense(`sent ${what} larger than ${largestPiece / 1024 / 1024} MiB`)
    }
    if (this.#length === 0) this.#held = bytes
    else this.#append(bytes, length)
    this.#length = length
  }

  #append(bytes: Buffer, length: number): void {
    if (this.#held.length < length) {
      const grown = Buffer.allocUnsafe(length * 2)
      this.#held.copy(grown, 0, 0, this.#length)
      this.#held = grown
    }
    bytes.copy(this.#held, this.#length)
  }

  #join(bytes: Buffer): Buffer {
    const whole = Buffer.concat([this.#held.subarray(0, this.#length), bytes])
    this.#held = Buffer.alloc(0)
    this.#length = 0
    return whole
  }

  #withoutMark(bytes: Buffer): Buffer {
    this.#isFirst = false
    const { length } = byteOrderMark
    const isMarked = bytes.length >= length && byteOrderMark.compare(bytes, 0, length) === 0
    return isMarked ? bytes.subarray(length) : bytes
  }

  #withLineFeeds(chunk: Buffer): Buffer {
    if (!this.#isLineFeedOver && !chunk.includes(carriageReturn)) return chunk
    if (chunk.length === 0) return chunk
    // A CR ended its line at once; the LF behind it came in the next piece.
    const isOver = this.#isLineFeedOver && chunk[0] === lineFeed
    this.#isLineFeedOver = chunk.at(-1) === carriageReturn
    const bytes = isOver ? chunk.subarray(1) : chunk
    return Buffer.from(bytes.toString('latin1').replaceAll(/\r\n?/g, '\n'), 'latin1')
  }
}
