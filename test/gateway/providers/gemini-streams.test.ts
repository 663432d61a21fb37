import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { gemini } from '../../../gateway/providers/gemini.ts'
import type { StreamTranslator } from '../../../gateway/providers/provider.ts'
import { eventsOf, translated } from './event-stream.ts'
import { requestFor, translationOf, type Fixture } from './run-fixture.ts'

const folder = new URL('../../fixtures/gemini/', import.meta.url)
const recorded: readonly (readonly [string, Fixture])[] = readdirSync(folder)
  .filter((file) => /^stream.*(?<!\.golden)\.json$/.test(file) && file !== 'stream-error.json')
  .map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))])

function translatorFor(fields: Record<string, unknown> = {}): StreamTranslator {
  const endpoint = 'chat-completions'
  const made = translationOf(gemini, endpoint).stream?.create(
    requestFor({ endpoint, isStream: true, fields }),
  )
  if (made === undefined) throw new Error('no stream')
  return made
}

describe.each(recorded)('%s', (_, { request, events = [] }) => {
  // Google ends its lines with CRLF.
  const bytes = Buffer.from(eventsOf(events).replaceAll('\n', '\r\n'))
  const whole = translated([bytes], translatorFor(request.fields))

  test('cut anywhere it gives the same chunks', () => {
    for (let at = 1; at < bytes.length; at += 1) {
      const translator = translatorFor(request.fields)
      expect(translated([bytes.subarray(0, at), bytes.subarray(at)], translator)).toEqual(whole)
      expect(translator.isDone).toBe(true)
    }
    const single = [...bytes].map((byte) => Buffer.of(byte))
    expect(translated(single, translatorFor(request.fields))).toEqual(whole)
  })

  test('cut into any pieces as well', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length]
        const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        expect(translated(pieces, translatorFor(request.fields))).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  test('without its last event it is not done', () => {
    const translator = translatorFor(request.fields)
    translated([Buffer.from(eventsOf(events.slice(0, -1)))], translator)
    expect(translator.isDone).toBe(false)
  })
})

test('usage is told from the first event on, and what comes after the end is not looked at', () => {
  const translator = translatorFor()
  const text = (words: string, more = {}) => ({
    candidates: [{ content: { parts: [{ text: words }] }, ...more }],
  })
  translator.onEvent({ ...text('half'), usageMetadata: { promptTokenCount: 4 } })
  expect(translator.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 0 })
  translator.onEvent({
    ...text(' an answer', { finishReason: 'STOP' }),
    usageMetadata: { promptTokenCount: 4, candidatesTokenCount: 3 },
  })
  expect(translator.isDone).toBe(true)
  expect(translator.usage).toMatchObject({ completion_tokens: 3, total_tokens: 7 })
  expect(translator.onEvent(text('too late'))).toEqual([])
})
