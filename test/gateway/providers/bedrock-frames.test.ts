import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { createEventStream } from '../../../gateway/providers/bedrock-frames.ts'
import { crcOf, eventFrame, framed, frameOf, headersOf } from './frames.ts'

const events = [
  { messageStart: { role: 'assistant' } },
  { contentBlockDelta: { delta: { text: 'Grüße, 世界' }, contentBlockIndex: 0 } },
  { throttlingException: { message: 'Too many requests' } },
  { metadata: {} },
]
const bytes = Buffer.concat(events.map(eventFrame))

function read(pieces: readonly Uint8Array[]): unknown[] {
  const framer = createEventStream()
  return pieces.flatMap((piece) => [...framer.push(piece)])
}

test('a frame is told by its kind and what it holds', () => {
  expect(read([bytes])).toEqual(events)
})

test('a stream cut anywhere gives the same events', () => {
  for (let at = 0; at <= bytes.length; at += 1)
    expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(events)
  expect(read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(events)
})

test('the empty message that AWS publishes has the checksums it should', () => {
  // It holds nothing, so all that can be wrong with it is that it says nothing.
  expect(() => read([Buffer.from('000000100000000005c248eb7d98c8ff', 'hex')])).toThrow(
    /does not say what it is/,
  )
})

test('an error without an exception is told as one', () => {
  const headers = { ':message-type': 'error', ':error-code': 'Internal', ':error-message': 'oops' }
  expect(read([frameOf(headers, Buffer.alloc(0))])).toEqual([
    { error: { code: 'Internal', message: 'oops' } },
  ])
})

test('headers of every type are passed over', () => {
  const typed = Buffer.concat([
    ...[0, 1].map((type) => Buffer.from([1, 0x61, type])),
    ...[
      [2, 1],
      [3, 2],
      [4, 4],
      [5, 8],
      [8, 8],
      [9, 16],
    ].map(([type = 0, length = 0]) =>
      Buffer.concat([Buffer.from([1, 0x61, type]), Buffer.alloc(length)]),
    ),
    Buffer.from([1, 0x61, 6, 0, 2, 9, 9]),
    headersOf({ ':message-type': 'event', ':event-type': 'ping' }),
  ])
  expect(read([framed(typed, Buffer.from('{"a":1}'))])).toEqual([{ ping: { a: 1 } }])
})

describe('what is no frame is nonsense', () => {
  const frame = eventFrame({ metadata: { usage: { inputTokens: 1 } } })
  const changed = (at: number): Buffer => {
    const other = Buffer.from(frame)
    other[at] = (other[at] ?? 0) ^ 1
    return other
  }
  const absurd = (total: number, headers: number): Buffer => {
    const whole = frameOf({}, Buffer.alloc(0))
    const head = Buffer.alloc(8)
    head.writeUInt32BE(total, 0)
    head.writeUInt32BE(headers, 4)
    return Buffer.concat([head, crcOf(head), whole.subarray(12)])
  }

  test('where any byte is another', () => {
    for (let at = 0; at < frame.length; at += 1)
      expect(() => read([changed(at)])).toThrow(
        expect.objectContaining({ code: 'upstream_nonsense' }),
      )
  })

  test.each([
    ['too short', absurd(15, 0)],
    ['too long', absurd(0xff_ff_ff_ff, 0)],
    ['more headers than frame', absurd(100, 90)],
    ['too many headers', absurd(10_000_000, 9_000_000)],
    ['a web page', Buffer.from('<!doctype html><title>no</title>')],
    ['events of another kind', Buffer.from('data: {"choices":[]}\n\n')],
    ['no JSON', frameOf({ ':message-type': 'event', ':event-type': 'a' }, Buffer.from('{'))],
    ['a header that ends early', framed(Buffer.from([200, 1]), Buffer.alloc(0))],
    ['a header of no type', framed(Buffer.from([1, 0x61, 10]), Buffer.alloc(0))],
  ])('%s', (_, wrong) => {
    expect(() => read([wrong])).toThrow(expect.objectContaining({ code: 'upstream_nonsense' }))
  })

  test('whatever bytes come, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (pieces) => {
        try {
          read(pieces)
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error
        }
      }),
    )
  })
})

test('what is whole before a broken frame is told first', () => {
  const framer = createEventStream()
  const seen: unknown[] = []
  const broken = Buffer.concat([eventFrame({ a: {} }), Buffer.alloc(16)])
  expect(() => {
    for (const event of framer.push(broken)) seen.push(event)
  }).toThrow(GatewayError)
  expect(seen).toEqual([{ a: {} }])
})
