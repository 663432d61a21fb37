import { crc32 } from 'node:zlib'

import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { Framer } from './framer.ts'

const preludeLength = 12
const crcLength = 4
const largestFrame = 16 * 1024 * 1024
const largestHeaders = 128 * 1024

/**
 * Amazon's event stream: frames of a prelude, headers, a payload and two checksums. An event is an object with its kind
 * as the one key and the payload as its value; exceptions are told likewise, other failures as `error`.
 */
export function createEventStream(): Framer {
  return new EventStream()
}

class EventStream implements Framer {
  #pieces: Uint8Array[] = []
  #length = 0
  /** Bytes until something can be read: a prelude, or a frame. */
  #needed = preludeLength

  // Joined only when there is enough, so that a frame in a million pieces is not copied a million times.
  #joined(): Buffer {
    const [first] = this.#pieces
    const bytes =
      this.#pieces.length === 1 && first !== undefined
        ? Buffer.from(first.buffer, first.byteOffset, first.length)
        : Buffer.concat(this.#pieces)
    this.#pieces = [bytes]
    return bytes
  }

  *push(chunk: Uint8Array): Iterable<unknown> {
    this.#pieces.push(chunk)
    this.#length += chunk.length
    while (this.#length >= this.#needed) {
      const bytes = this.#joined()
      const { total, headers } = readPrelude(bytes)
      if (bytes.length < total) {
        this.#needed = total
        return
      }
      this.#hold(bytes.subarray(total))
      yield readFrame(bytes.subarray(0, total), headers)
    }
  }

  #hold(rest: Uint8Array): void {
    this.#pieces = rest.length === 0 ? [] : [rest]
    this.#length = rest.length
    this.#needed = preludeLength
  }
}

function readPrelude(bytes: Buffer): { readonly total: number; readonly headers: number } {
  const total = bytes.readUInt32BE(0)
  const headers = bytes.readUInt32BE(4)
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8))
    throw upstreamNonsense('sent a frame whose checksum is wrong')
  const payload = total - preludeLength - headers - crcLength
  if (total > largestFrame || headers > largestHeaders || payload < 0)
    throw upstreamNonsense('sent a frame of an absurd length')
  return { total, headers }
}

function readFrame(frame: Buffer, headersLength: number): unknown {
  const end = frame.length - crcLength
  if (crc32(frame.subarray(0, end)) !== frame.readUInt32BE(end))
    throw upstreamNonsense('sent a frame whose checksum is wrong')
  const headersEnd = preludeLength + headersLength
  const headers = readHeaders(frame.subarray(preludeLength, headersEnd))
  const kind = headers.get(':message-type')
  if (kind === 'error') {
    const message = headers.get(':error-message') ?? ''
    return { error: { code: headers.get(':error-code') ?? '', message } }
  }
  const name = headers.get(kind === 'exception' ? ':exception-type' : ':event-type')
  if (name === undefined) throw upstreamNonsense('sent a frame that does not say what it is')
  return Object.fromEntries([[name, payloadIn(frame.subarray(headersEnd, end))]])
}

function payloadIn(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw upstreamNonsense('sent an event that is not JSON', cause)
  }
}

/** Lengths of a header's value by its type; text and bytes say theirs. */
const valueLengths = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16] as const
const textType = 7

/** Headers that are texts, which all those of interest are. */
function readHeaders(bytes: Buffer): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  let at = 0
  const take = (length: number): Buffer => {
    const taken = bytes.subarray(at, at + length)
    if (taken.length < length) throw upstreamNonsense('sent a frame with a broken header')
    at += length
    return taken
  }
  while (at < bytes.length) {
    const name = take(take(1).readUInt8()).toString('utf8')
    const type = take(1).readUInt8()
    if (type >= valueLengths.length) throw upstreamNonsense('sent a frame with a broken header')
    const value = take(valueLengths[type] ?? take(2).readUInt16BE())
    if (type === textType) headers.set(name, value.toString('utf8'))
  }
  return headers
}
