import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createEventStream } from '../../../gateway/providers/bedrock-frames.ts'
import { bedrock } from '../../../gateway/providers/bedrock.ts'
import type { StreamTranslator } from '../../../gateway/providers/provider.ts'
import { eventFrame } from './frames.ts'
import { requestFor, translationOf, type Fixture } from './run-fixture.ts'

const folder = new URL('../../fixtures/bedrock/', import.meta.url)
const recorded = readdirSync(folder)
  .filter((file) => /^stream(?!-failed|-throttled).*(?<!\.golden)\.json$/.test(file))
  .map((file): [string, Fixture] => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))])

function translatorFor(fields: Record<string, unknown> = {}): StreamTranslator {
  const endpoint = 'chat-completions'
  const chat = translationOf(bedrock, endpoint)
  const made = chat.stream?.create(requestFor({ endpoint, isStream: true, fields }))
  if (made === undefined) throw new Error('no stream')
  return made
}

function translated(pieces: readonly Uint8Array[], translator: StreamTranslator): unknown[] {
  const framer = createEventStream()
  return pieces.flatMap((piece) =>
    [...framer.push(piece)].flatMap((event) => translator.onEvent(event)),
  )
}

const framesOf = (events: readonly unknown[]): Buffer =>
  Buffer.concat(events.map((event) => eventFrame(Object(event))))

describe.each(recorded)('%s', (_, { request, events = [] }) => {
  const bytes = framesOf(events)
  const whole = translated([bytes], translatorFor(request.fields))

  test('cut anywhere it gives the same chunks', () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const translator = translatorFor(request.fields)
      const pieces = [bytes.subarray(0, at), bytes.subarray(at)]
      expect(translated(pieces, translator)).toEqual(whole)
      expect(translator.isDone).toBe(true)
    }
    const single = [...bytes].map((byte) => Buffer.of(byte))
    expect(translated(single, translatorFor(request.fields))).toEqual(whole)
  })

  test('cut off before its end it is not done', () => {
    const translator = translatorFor(request.fields)
    translated([framesOf(events.slice(0, -2))], translator)
    translator.onClose?.()
    expect(translator.isDone).toBe(false)
  })

  test('is whole without the usage behind it', () => {
    const translator = translatorFor(request.fields)
    translated([framesOf(events.slice(0, -1))], translator)
    expect(translator.isDone).toBe(false)
    translator.onClose?.()
    expect(translator.isDone).toBe(true)
  })
})

test('events of any kind in any order end in whole calls', () => {
  const index = fc.nat({ max: 3 })
  const begin = { toolUse: { toolUseId: 't', name: 'f' } }
  const event = fc.oneof(
    fc.constant({ ping: {} }),
    fc.record({
      contentBlockDelta: fc.record({ contentBlockIndex: index, delta: fc.constant({ text: 'a' }) }),
    }),
    fc.record({
      contentBlockStart: fc.record({ contentBlockIndex: index, start: fc.constant(begin) }),
    }),
    fc.record({ contentBlockStop: fc.record({ contentBlockIndex: index }) }),
  )
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const translator = translatorFor()
      const end = [{ messageStop: { stopReason: 'tool_use' } }, { metadata: {} }]
      const said = [...events, ...end].flatMap((one) => translator.onEvent(one))
      const starts = events.filter((one) => 'contentBlockStart' in one).length
      expect(JSON.stringify(said).match(/"id":"t"/g) ?? []).toHaveLength(starts)
      expect(JSON.stringify(said.at(-1))).toContain(starts > 0 ? '"tool_calls"' : '"stop"')
      expect(translator.isDone).toBe(true)
    }),
  )
})

test.each([
  [{}],
  [7],
  [{ contentBlockDelta: 7 }],
  [{ contentBlockDelta: {} }],
  [{ contentBlockDelta: { contentBlockIndex: 9, delta: { toolUse: { input: '{' } } } }],
  [{ contentBlockStart: { start: { toolUse: { name: 'f' } } } }],
])('%j is nonsense', (event) => {
  expect(() => translatorFor().onEvent(event)).toThrow(
    expect.objectContaining({ code: 'upstream_nonsense' }),
  )
})
