import { expect, test } from 'vitest'

import { mostAnswerTokens } from '../../../gateway/pipeline/worst-case.ts'

const most = (
  fields: Record<string, unknown>,
  defaults: Record<string, unknown> = {},
  info: Record<string, unknown> = {},
) =>
  mostAnswerTokens(fields, {
    params: {
      model: 'x',
      order: 0,
      defaults,
      additionalDropParams: [],
      extraHeaders: {},
      extraBody: {},
    },
    info,
  })

test('what the request says goes before what the deployment says, then the model, then 4096', () => {
  expect(most({ max_tokens: 10 }, { max_tokens: 20 }, { max_output_tokens: 30 })).toBe(10)
  expect(most({ max_completion_tokens: 5, max_tokens: 10 })).toBe(5)
  expect(most({}, { max_tokens: 20 }, { max_output_tokens: 30 })).toBe(20)
  expect(most({}, {}, { max_output_tokens: 30 })).toBe(30)
  expect(most({}, {}, { max_output_tokens: 100_000 })).toBe(4_096)
  expect(most({})).toBe(4_096)
})

test('several choices cost several times as much', () => {
  expect(most({ max_tokens: 10, n: 3 })).toBe(30)
})

test('what is no number is not counted', () => {
  expect(most({ max_tokens: 'many', n: 'all' })).toBe(4_096)
})
