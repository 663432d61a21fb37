import { expect, test } from 'vitest'

import { endUserOf } from '../../../gateway/pipeline/end-user.ts'

const saying = (fields: Readonly<Record<string, unknown>>) => ({
  field: (name: string) => fields[name],
})

test('LiteLLM’s headers go before the body, and its user before Anthropic’s', () => {
  const request = saying({ user: 'ada', metadata: { user_id: 'grace' } })
  expect(endUserOf(request, { 'x-litellm-end-user-id': 'eve' })).toBe('eve')
  expect(endUserOf(request, { 'x-litellm-customer-id': 'eve' })).toBe('eve')
  expect(endUserOf(request, {})).toBe('ada')
  expect(endUserOf(saying({ metadata: { user_id: 'grace' } }), {})).toBe('grace')
})

test('what is no name is none, and a long one is cut', () => {
  expect(endUserOf(saying({}), {})).toBeUndefined()
  expect(endUserOf(saying({ user: '' }), {})).toBeUndefined()
  expect(endUserOf(saying({ user: { id: 1 }, metadata: 'x' }), {})).toBeUndefined()
  expect(endUserOf(saying({ user: 'u'.repeat(1000) }), {})).toBe('u'.repeat(256))
})
