import { expect, test } from 'vitest'

import { readMediaUsage, readUsage } from '../../../gateway/accounting/read-usage.ts'

test.each([
  [
    { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    { promptTokens: 5, completionTokens: 2, totalTokens: 7 },
  ],
  [
    { prompt_tokens: 5, total_tokens: 5 },
    { promptTokens: 5, totalTokens: 5 },
  ],
  [
    { input_tokens: 5, output_tokens: 2 },
    { promptTokens: 5, completionTokens: 2, totalTokens: 7 },
  ],
  [
    {
      prompt_tokens: 5,
      completion_tokens: 9,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 6 },
    },
    { promptTokens: 5, completionTokens: 9, totalTokens: 14, cachedTokens: 4, reasoningTokens: 6 },
  ],
  [{ type: 'duration', seconds: 3.5 }, { audioSeconds: 3.5 }],
  [{ prompt_tokens: -1, completion_tokens: '3', total_tokens: null }, {}],
  [{ prompt_tokens: Infinity }, {}],
])('%j is %j', (usage, expected) => {
  expect(readUsage({ usage })).toEqual(expected)
})

test.each([null, undefined, 3, 'x', [], {}, { usage: null }, { usage: 'many' }])(
  '%j tells of none',
  (answer) => {
    expect(readUsage(answer)).toBeUndefined()
  },
)

test('pictures are counted, vectors are not', () => {
  expect(readMediaUsage({})).toEqual({})
  expect(readMediaUsage({ data: [{ url: 'u' }, { b64_json: 'x' }] })).toEqual({ images: 2 })
  expect(readMediaUsage({ data: [{ embedding: [1] }] })).toEqual({})
})

test('a verbose transcript tells its seconds', () => {
  expect(readMediaUsage({ text: 'hi', duration: 1.5 })).toEqual({ audioSeconds: 1.5 })
  expect(readMediaUsage({ duration: 1.5 })).toEqual({})
})
