import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { DurationMeter } from '../../../gateway/accounting/duration.ts'

function secondsOf(bytes: Buffer, chunk = bytes.length): number | undefined {
  const meter = new DurationMeter()
  for (let at = 0; at < bytes.length; at += chunk) meter.push(bytes.subarray(at, at + chunk))
  return meter.seconds
}

function sound(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/sounds/${name}`, import.meta.url))
}

/** Mono, 16 bits: `size` is what its header says of the bytes of sound. */
function wav(samples: number, rate: number, size = samples * 2): Buffer {
  const head = Buffer.alloc(44 + 10)
  head.write('RIFF', 0)
  head.writeUInt32LE(size, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  // A chunk of odd length, which is padded.
  head.write('LIST', 36)
  head.writeUInt32LE(1, 40)
  head.write('data', 46)
  head.writeUInt32LE(size, 50)
  return Buffer.concat([head, Buffer.alloc(samples * 2)])
}

// Made by an encoder from a tone of 2.5 s; lossy codecs fill their last frame.
const recorded: readonly (readonly [name: string, seconds: number])[] = [
  ['tone.flac', 2.5],
  ['tone.ogg', 2.5],
  ['tone.opus', 2.5],
  ['tone.m4a', 2.5],
  ['tone-faststart.m4a', 2.5],
  ['tone.webm', 2.508],
  // As a browser records: no duration in its head.
  ['tone-live.webm', 2.501],
  ['tone.mp3', 2.592],
  // Frames of many sizes behind a tag.
  ['tone-vbr.mp3', 2.534],
  ['tone.aac', 2.624],
]

describe.each(recorded)('%s', (name, seconds) => {
  test.each([1, 7, 100, 100_000])('in pieces of %i bytes', (chunk) => {
    expect(secondsOf(sound(name), chunk)).toBeCloseTo(seconds, 3)
  })
})

describe('WAV', () => {
  test.each([
    ['as its header says', wav(8000, 16_000), 0.5],
    ['by its bytes where the header says nothing', wav(8000, 16_000, 0), 0.5],
    ['by its bytes where it was streamed', wav(8000, 16_000, 0xffff_ffff), 0.5],
    ['no longer than its bytes', wav(8000, 16_000, 3_200_000), 0.5],
    ['not what stands behind the sound', wav(8000, 16_000, 8000), 0.25],
  ])('%s', (_, bytes, seconds) => {
    for (const chunk of [1, 13, 4096]) expect(secondsOf(bytes, chunk)).toBeCloseTo(seconds, 9)
  })
})

test('text, pictures and empty files have no duration', () => {
  const others = ['', 'hello', '{"text": "hi"}', '\u0089PNG\r\n\u001a\n'.padEnd(100, '\0')]
  for (const text of others) expect(secondsOf(Buffer.from(text, 'latin1'))).toBeUndefined()
})

test('whatever comes, nothing is thrown, and what is told is a number of seconds', () => {
  const magics = [
    'RIFF....WAVEdata',
    'fLaC',
    'OggS',
    '....ftypM4A ',
    'ID3\u0003\0\0\0\0\0\u0001',
    '',
  ]
  const starts = [
    ...magics.map((magic) => Buffer.from(magic, 'latin1')),
    Buffer.from([0x1a, 0x45, 0xdf, 0xa3]),
    Buffer.from([0xff, 0xfb, 0x90, 0x64]),
    Buffer.from([0xff, 0xf1, 0x50, 0x80]),
    ...recorded.map(([name]) => sound(name).subarray(0, 600)),
    ...recorded.map(([name]) => sound(name).subarray(0, 60)),
  ]
  const noise = fc.uint8Array({ maxLength: 2000 })
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      noise,
      fc.integer({ min: 1, max: 50 }),
      (start, rest, chunk) => {
        const seconds = secondsOf(Buffer.concat([start, rest]), chunk)
        if (seconds !== undefined) expect(seconds).toBeGreaterThanOrEqual(0)
        expect(seconds).toBe(secondsOf(Buffer.concat([start, rest])))
      },
    ),
    { numRuns: 3000 },
  )
})
