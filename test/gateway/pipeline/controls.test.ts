import { describe, expect, test } from 'vitest'

import { readControls } from '../../../gateway/pipeline/controls.ts'
import { FormRequest } from '../../../gateway/pipeline/form-request.ts'
import { readJsonRequest } from '../../../gateway/pipeline/json-request.ts'

const json = (fields: Record<string, unknown>) =>
  readJsonRequest(Buffer.from(JSON.stringify({ model: 'm', ...fields })))
const form = (fields: Record<string, string>) =>
  new FormRequest(
    Object.entries(fields).map(([name, value]) => ({ kind: 'text' as const, name, value })),
    undefined,
    '',
  )
const read = (fields: Record<string, unknown>, headers: Record<string, string> = {}) =>
  readControls(json(fields), headers)

test('a request that steers nothing has nothing made for it', () => {
  expect(read({ temperature: 1 })).toBe(read({ messages: [] }))
  expect(read({})).toMatchObject({ timeoutMs: undefined, tags: [], areFallbacksDisabled: false })
})

describe('times', () => {
  test.each([
    [{ timeout: 30 }, {}, { timeoutMs: 30_000 }],
    [{ timeout: '1.5' }, {}, { timeoutMs: 1_500 }],
    [{ timeout: null }, {}, { timeoutMs: undefined }],
    [{ stream_timeout: 0.25 }, {}, { firstByteMs: 250 }],
    [{}, { 'x-litellm-timeout': '2' }, { timeoutMs: 2_000 }],
    [{}, { 'x-litellm-stream-timeout': '3' }, { firstByteMs: 3_000 }],
    [{ timeout: 9 }, { 'x-litellm-timeout': '2' }, { timeoutMs: 2_000 }],
    [{ timeout: 1e300 }, {}, { timeoutMs: 2 ** 31 - 1 }],
  ])('%o with %o', (fields, headers, expected) =>
    expect(read(fields, headers)).toMatchObject(expected),
  )

  test.each([0, -1, 'soon', '', '1e3', true, [], {}, '0x10', '-5'])('%o is refused', (timeout) => {
    expect(() => read({ timeout })).toThrow(/^timeout: expected a number of seconds above 0/)
    expect(() => read({ stream_timeout: timeout })).toThrow(/^stream_timeout: /)
  })

  test('a header is named where it is at fault', () => {
    const ask = () => read({}, { 'x-litellm-timeout': 'soon' })
    expect(ask).toThrow(expect.objectContaining({ param: 'x-litellm-timeout', status: 400 }))
  })
})

describe('retries', () => {
  test('are a whole number, the header first', () => {
    expect(read({ num_retries: 3 }).numRetries).toBe(3)
    expect(read({ num_retries: '0' }).numRetries).toBe(0)
    expect(read({ num_retries: 3 }, { 'x-litellm-num-retries': '1' }).numRetries).toBe(1)
  })
  test.each([-1, 1.5, 'many', 1_000_000])('not %o', (num_retries) =>
    expect(() => read({ num_retries })).toThrow(/^num_retries: expected a whole number/),
  )
})

describe('tags', () => {
  test('come from every place, once each', () => {
    const fields = {
      tags: ['a'],
      metadata: { tags: ['b', 'a'] },
      litellm_metadata: { tags: ['d'] },
    }
    const { tags } = read(fields, { 'x-litellm-tags': 'c, b,' })
    expect([...tags].sort()).toEqual(['a', 'b', 'c', 'd'])
  })
  test('metadata without tags has none', () => {
    for (const metadata of [null, 'text', { other: 1 }, [1]])
      expect(read({ metadata }).tags).toEqual([])
  })
  test.each([[{ tags: [1] }], [{ tags: {} }], [{ metadata: { tags: 3 } }]])(
    '%o are refused',
    (fields) => expect(() => read(fields)).toThrow(/tags: expected a list of texts/),
  )
  test('not more than anybody needs', () =>
    expect(() => read({ tags: Array.from({ length: 101 }, (_, at) => `${at}`) })).toThrow(
      /at most/,
    ))
})

test('a form says the same in text', () => {
  const fields = {
    timeout: '2',
    num_retries: '1',
    tags: '["a", "b"]',
    metadata: '{"tags": ["c"]}',
    fallbacks: '["x"]',
    disable_fallbacks: 'true',
  }
  const controls = readControls(form(fields), {})
  expect(controls).toMatchObject({ timeoutMs: 2_000, numRetries: 1, areFallbacksDisabled: true })
  expect(controls.tags).toEqual(['a', 'b', 'c'])
  expect(controls.fallbacks?.get('*')).toEqual([{ model: 'x' }])
  expect(readControls(form({ tags: 'a, b' }), {}).tags).toEqual(['a', 'b'])
})
