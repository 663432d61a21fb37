import { expect, test } from 'vitest'

import { missingMaximum, mostAnswerTokens } from '../../../gateway/pipeline/worst-case.ts'
import { createOpenAiCompatible } from '../../../gateway/providers/openai-compatible.ts'
import { openAiVendors } from '../../../gateway/providers/openai-vendors.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'

const openai = createOpenAiCompatible('openai', openAiVendors.openai)

const most = (
  fields: Record<string, unknown>,
  defaults: Record<string, unknown> = {},
  info: Record<string, unknown> = {},
) => mostAnswerTokens(fields, deployment(defaults, info), { endpoint: 'chat-completions' })

const deployment = (defaults: Record<string, unknown>, info: Record<string, unknown>) => ({
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
  expect(most({ max_tokens: 100 }, {}, { max_output_tokens: 30 })).toBe(30)
  expect(most({}, { max_tokens: 20 }, { max_output_tokens: 30 })).toBe(20)
  expect(most({}, {}, { max_output_tokens: 30 })).toBe(30)
  expect(most({}, {}, { max_output_tokens: 100_000 })).toBe(4_096)
  expect(most({})).toBe(4_096)
})

test('of two names of one thing the larger is believed, and none of another endpoint', () => {
  expect(most({ max_completion_tokens: 5, max_tokens: 10 })).toBe(10)
  expect(most({ max_output_tokens: 1 })).toBe(4_096)
  const fields = { max_output_tokens: 1 }
  expect(mostAnswerTokens(fields, deployment({}, {}), { endpoint: 'responses' })).toBe(1)
})

test('a maximum is put in where nobody names one, in the field of the endpoint and of the vendor', () => {
  const missing = (
    fields: Record<string, unknown>,
    { endpoint = 'chat-completions', model = 'm', defaults = {} }: Partial<Missing> = {},
  ) =>
    missingMaximum(
      fields,
      { ...deployment(defaults, { max_output_tokens: 3_000 }), provider: openai },
      { endpoint, defaultMost: 4_096 },
      model,
    )
  expect(missing({})).toEqual({ name: 'max_tokens', value: 3_000 })
  expect(missing({ max_tokens: null })).toEqual({ name: 'max_tokens', value: 3_000 })
  expect(missing({}, { model: 'o3-mini' })).toEqual({ name: 'max_completion_tokens', value: 3_000 })
  expect(missing({}, { endpoint: 'responses' })).toEqual({
    name: 'max_output_tokens',
    value: 3_000,
  })
  expect(missing({}, { endpoint: 'embeddings' })).toBeUndefined()
  expect(missing({ max_completion_tokens: 10 })).toBeUndefined()
  expect(missing({}, { defaults: { max_tokens: 20 } })).toBeUndefined()
})

interface Missing {
  readonly endpoint: EndpointName
  readonly model: string
  readonly defaults: Record<string, unknown>
}

test('several choices cost several times as much', () => {
  expect(most({ max_tokens: 10, n: 3 })).toBe(30)
  expect(most({ max_tokens: 10, n: '3', best_of: 4 })).toBe(40)
})

test('what is no number is not counted', () => {
  expect(most({ max_tokens: 'many', n: 'all' })).toBe(4_096)
})
