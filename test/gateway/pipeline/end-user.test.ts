import { expect, test } from 'vitest'
import { endUserOf } from '../../../gateway/pipeline/end-user.ts'

test('a header goes before the body, and OpenAI’s field before Anthropic’s', () => {
  const fields = { user: 'ada', metadata: { user_id: 'grace' } }
  expect(endUserOf(fields, { 'x-litellm-end-user-id': 'eve' })).toBe('eve')
  expect(endUserOf(fields, { 'x-litellm-customer-id': 'eve' })).toBe('eve')
  expect(endUserOf(fields, {})).toBe('ada')
  expect(endUserOf({ metadata: { user_id: 'grace' } }, {})).toBe('grace')
})

test('what is no name is none, and a long one is cut', () => {
  expect(endUserOf({}, {})).toBeUndefined()
  expect(endUserOf({ user: '' }, {})).toBeUndefined()
  expect(endUserOf({ user: { id: 1 }, metadata: 'x' }, {})).toBeUndefined()
  expect(endUserOf({ user: 'u'.repeat(1000) }, {})).toBe('u'.repeat(256))
})
