import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { providers } from '../../../gateway/providers/index.ts'
import type { Provider, StreamTranslator } from '../../../gateway/providers/provider.ts'
import { eventsOf, translated } from './event-stream.ts'
import { requestFor, translationOf, type Fixture } from './run-fixture.ts'

function cohere(): Provider {
  const { cohere: found } = providers
  if (found === undefined) throw new Error('no Cohere')
  return found
}

const folder = new URL('../../fixtures/cohere/', import.meta.url)
const recorded: readonly (readonly [string, Fixture])[] = readdirSync(folder)
  .filter((file) => /^stream(?!-failed|-unbegun).*(?<!\.golden)\.json$/.test(file))
  .map((file) => [file, JSON.parse(readFileSync(new URL(file, folder), 'utf8'))])

function translatorFor(fields: Record<string, unknown> = {}): StreamTranslator {
  const endpoint = 'chat-completions'
  const made = translationOf(cohere(), endpoint).stream?.create(
    requestFor({ endpoint, isStream: true, fields }),
  )
  if (made === undefined) throw new Error('no stream')
  return made
}

describe.each(recorded)('%s', (_, { request, events = [] }) => {
  const bytes = Buffer.from(eventsOf(events, true))
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
    translated([Buffer.from(eventsOf(events.slice(0, -1), true))], translator)
    expect(translator.isDone).toBe(false)
    expect(translator.usage).toBeUndefined()
  })
})

test('usage is told with the end, and what comes after that is not looked at', () => {
  const translator = translatorFor()
  translator.onEvent({
    type: 'content-delta',
    index: 0,
    delta: { message: { content: { text: 'Hi' } } },
  })
  translator.onEvent({
    type: 'message-end',
    delta: {
      finish_reason: 'COMPLETE',
      usage: { billed_units: { input_tokens: 3, output_tokens: 4 } },
    },
  })
  expect(translator.isDone).toBe(true)
  expect(translator.usage).toMatchObject({ prompt_tokens: 3, total_tokens: 7 })
  expect(translator.onEvent(7)).toEqual([])
})

test('kinds of events yet to come are passed over, nameless ones are failures', () => {
  const translator = translatorFor()
  expect(translator.onEvent({ type: 'debug', prompt: '…' })).toEqual([])
  expect(() => translator.onEvent({ message: 'overloaded' })).toThrow(
    expect.objectContaining({
      code: 'upstream_failed',
      message: expect.stringMatching(/overloaded/),
    }),
  )
  expect(() => translator.onEvent({})).toThrow(
    expect.objectContaining({ code: 'upstream_nonsense' }),
  )
})
