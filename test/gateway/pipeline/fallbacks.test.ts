import { describe, expect, test } from 'vitest'

import type { ErrorCode } from '../../../gateway/errors/catalogue.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { readAskedFallbacks } from '../../../gateway/pipeline/asked-fallbacks.ts'
import {
  fallbacksOf,
  isMendable,
  type FallbackSettings,
} from '../../../gateway/pipeline/fallbacks.ts'

const settings: FallbackSettings = {
  fallbacks: {
    a: ['b', 'c'],
    'openai/d': ['e'],
    g: ['h'],
    '*': ['any'],
  },
  contextWindowFallbacks: { a: ['long'] },
  contentPolicyFallbacks: {},
}

const modelsFor = (
  names: string | readonly string[],
  code: ErrorCode = 'upstream_failed',
  fields: Record<string, unknown> = {},
  written = settings,
) => {
  const failure = new GatewayError(code, 'no')
  const targets = fallbacksOf([names].flat(), failure, written, readAskedFallbacks(fields))
  return targets.map(({ model }) => model)
}

describe('the look-up', () => {
  test('goes by the exact name', () => expect(modelsFor('a')).toEqual(['b', 'c']))
  test('then without the provider of the asked name', () =>
    expect(modelsFor('groq/g')).toEqual(['h']))
  test('or with the provider of the written one', () => expect(modelsFor('d')).toEqual(['e']))
  test('then to what stands for any', () => expect(modelsFor('x')).toEqual(['any']))
  test('knows a model by its group too, the asked name first', () => {
    expect(modelsFor(['alias', 'a'])).toEqual(['b', 'c'])
    expect(modelsFor(['g', 'a'])).toEqual(['h'])
  })
  test('finds nothing where nothing is written', () => {
    const empty = { ...settings, fallbacks: {} }
    for (const name of ['a', 'constructor', '__proto__'])
      expect(modelsFor(name, 'upstream_failed', {}, { ...empty })).toEqual([])
  })
})

describe('kinds of failure', () => {
  test('a prompt that is too long has a list of its own', () =>
    expect(modelsFor('a', 'context_length_exceeded')).toEqual(['long']))
  test('and where there is one, only that counts', () =>
    expect(modelsFor('g', 'context_length_exceeded')).toEqual([]))
  test('without a list of its own the general one counts', () =>
    expect(modelsFor('g', 'content_policy_violation')).toEqual(['h']))
  test.each(['caller_gone', 'caller_deadline', 'invalid_request', 'shutting_down'] as const)(
    '%s ends it',
    (code) => expect(modelsFor('a', code)).toEqual([]),
  )
  test('a refusal of the upstream does not', () =>
    expect(modelsFor('a', 'upstream_rejected')).toEqual(['b', 'c']))
  test('after the first byte nothing is mended', () =>
    expect(isMendable(new GatewayError('upstream_failed', 'no', { isFinal: true }))).toBe(false))
})

describe('what the request names', () => {
  const asked = (fields: Record<string, unknown>, name = 'a', code?: ErrorCode) =>
    modelsFor(name, code, fields)

  test('goes before what is written', () =>
    expect(asked({ fallbacks: ['x', { model: 'y', messages: [] }] })).toEqual(['x', 'y']))
  test('may be by model', () => {
    const fields = { fallbacks: [{ a: ['x'] }, { q: 'z' }] }
    expect([asked(fields), asked(fields, 'q'), asked(fields, 'other')]).toEqual([['x'], ['z'], []])
  })
  test('may be none at all', () => {
    expect(asked({ fallbacks: [] })).toEqual([])
    expect(asked({ disable_fallbacks: true })).toEqual([])
  })
  test('comes as text in a form', () =>
    expect([
      asked({ fallbacks: '["x"]' }),
      asked({ fallbacks: 'x', disable_fallbacks: 'false' }),
    ]).toEqual([['x'], ['x']]))
  test('has a list of its own for long prompts', () =>
    expect(
      asked({ context_window_fallbacks: [{ a: ['l'] }] }, 'a', 'context_length_exceeded'),
    ).toEqual(['l']))
  test('keeps the fields that replace those of the request', () => {
    const { fallbacks } = readAskedFallbacks({ fallbacks: [{ model: 'b', messages: [1] }] })
    expect(fallbacks?.get('*')).toEqual([{ model: 'b', fields: { messages: [1] } }])
  })
  test.each([
    [{ fallbacks: 7 }, 'fallbacks: expected a list of model names'],
    [{ fallbacks: [7] }, 'fallbacks: expected'],
    [{ fallbacks: [''] }, 'fallbacks: expected'],
    [{ fallbacks: [{ a: [7] }] }, 'fallbacks.a: expected'],
    [{ fallbacks: [{ model: 'b', api_key: 'k' }] }, 'fallbacks: api_key cannot be given'],
    [{ fallbacks: [{ model: 'b', timeout: 3 }] }, 'fallbacks: timeout cannot be given'],
    [{ context_window_fallbacks: [[]] }, 'context_window_fallbacks: expected'],
    [{ disable_fallbacks: 'no' }, 'disable_fallbacks: expected true or false, found "no"'],
    [{ mock_testing_fallbacks: 1 }, 'mock_testing_fallbacks: expected true or false, found 1'],
  ])('%o is refused by name', (fields, message) =>
    expect(() => readAskedFallbacks(fields)).toThrow(message),
  )
})
