import fc from 'fast-check'
import { expect, test } from 'vitest'

import { usageOfJson, watchUsage } from '../../../gateway/pipeline/pass-usage.ts'
import {
  bedrockUsage,
  cohereUsage,
  geminiUsage,
  ollamaUsage,
} from '../../../gateway/providers/own-usage.ts'
import type { UsageReader } from '../../../gateway/providers/provider.ts'

const sse = 'text/event-stream; charset=utf-8'
const counted = { promptTokens: 10, completionTokens: 5, totalTokens: 15 }

const streams: readonly (readonly [string, string, UsageReader | undefined, string])[] = [
  [
    'OpenAI',
    sse,
    undefined,
    'data: {"choices":[{"delta":{"content":"Grüße"}}],"usage":null}\n\ndata: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\ndata: [DONE]\n\n',
  ],
  [
    'OpenAI, Responses',
    sse,
    undefined,
    'event: response.completed\ndata: {"type":"response.completed","response":{"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}}\n\n',
  ],
  [
    'Anthropic',
    sse,
    undefined,
    'event: message_start\ndata: {"message":{"usage":{"input_tokens":10,"output_tokens":1}}}\n\nevent: message_delta\ndata: {"usage":{"output_tokens":5}}\n\n',
  ],
  [
    'Gemini',
    sse,
    geminiUsage,
    'data: {"usageMetadata":{"promptTokenCount":10}}\r\n\r\ndata: {"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5}}\r\n\r\n',
  ],
  [
    'Gemini, a list',
    'application/json',
    geminiUsage,
    '[{"usageMetadata":{"promptTokenCount":10}}\n,\n{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5}}]',
  ],
  [
    'Cohere',
    sse,
    cohereUsage,
    'event: message-end\ndata: {"type":"message-end","delta":{"usage":{"billed_units":{"input_tokens":10,"output_tokens":5}}}}\n\n',
  ],
  [
    'Ollama',
    'application/x-ndjson',
    ollamaUsage,
    '{"message":{"content":"a"},"done":false}\n{"done":true,"prompt_eval_count":10,"eval_count":5}\n',
  ],
]

test.each(streams)('%s is counted, cut at any byte', (_, type, own, text) => {
  const bytes = Buffer.from(text)
  for (let at = 0; at <= bytes.length; at += 1) {
    const watch = watchUsage(type, own)
    watch?.push(bytes.subarray(0, at))
    watch?.push(bytes.subarray(at))
    expect(watch?.usage).toMatchObject(counted)
  }
  const watch = watchUsage(type, own)
  for (const byte of bytes) watch?.push(Buffer.of(byte))
  expect(watch?.usage).toMatchObject(counted)
})

test('what has come before the end of a stream is counted', () => {
  const watch = watchUsage(sse, undefined)
  watch?.push(
    Buffer.from('data: {"message":{"usage":{"input_tokens":10,"output_tokens":1}}}\n\nda'),
  )
  expect(watch?.usage).toMatchObject({ promptTokens: 10 })
})

test.each([
  [bedrockUsage, { usage: { inputTokens: 10, outputTokens: 5 } }],
  [cohereUsage, { meta: { billed_units: { input_tokens: 10, output_tokens: 5 } } }],
  [cohereUsage, { usage: { tokens: { input_tokens: 10, output_tokens: 5 } } }],
  [ollamaUsage, { prompt_eval_count: 10, eval_count: 5 }],
])('an answer in its own words, %#', (own, value) => {
  expect(usageOfJson(value, own)).toMatchObject(counted)
})

test('a rerank is counted in searches, pictures in pictures', () => {
  expect(usageOfJson({ meta: { billed_units: { search_units: 2 } } }, cohereUsage)).toMatchObject({
    searchUnits: 2,
  })
  expect(usageOfJson({ data: [{ b64_json: 'AA' }] }, undefined)).toEqual({ images: 1 })
})

test('bytes of another kind are not looked at', () => {
  for (const type of ['', 'audio/mpeg', 'text/plain', 'application/vnd.amazon.eventstream'])
    expect(watchUsage(type, undefined)).toBeUndefined()
})

test('whatever comes, nothing is thrown', () => {
  const readers = [undefined, bedrockUsage, cohereUsage, geminiUsage, ollamaUsage]
  const words = fc.constantFrom(
    'usage',
    'meta',
    'delta',
    'usageMetadata',
    'billed_units',
    'message',
  )
  const value = fc.oneof(fc.jsonValue(), fc.dictionary(words, fc.jsonValue()))
  fc.assert(
    fc.property(value, fc.string(), fc.constantFrom(...readers), (said, noise, own) => {
      usageOfJson(said, own)
      for (const type of [sse, 'application/x-ndjson', 'application/json']) {
        const watch = watchUsage(type, own)
        watch?.push(Buffer.from(`data: ${JSON.stringify(said)}\n\n${noise} usage\n\n`))
        expect(watch?.usage).toBeDefined()
      }
    }),
  )
})
