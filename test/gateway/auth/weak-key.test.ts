import { expect, test } from 'vitest'

import { weaknessOf } from '../../../gateway/auth/weak-key.ts'

test.each([
  ['sk-1234', /public examples/],
  ['SK-1234', /public examples/],
  ['sk-llm-module-key', /public examples/],
  ['sk-image-gen-master-key', /public examples/],
  ['changeme', /public examples/],
  ['sk-short', /shorter than 16/],
  ['sk-123456789012345', /shorter than 16/],
  ['sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaa', /too few different/],
  ['abababababababababab', /too few different/],
  [`sk-${'0123456789'.repeat(30)}`, /longer than 256/],
  ['sk-schlüssel-mit-umlaut', /no header can carry/],
  ['sk-0123456789 abcdef', /no header can carry/],
])('%s is weak', (key, why) => {
  expect(weaknessOf(key)).toMatch(why)
})

test.each([
  'sk-0f8a6d1c7b3e9254',
  'correct-horse-battery-staple',
  `sk-${'0123456789abcdef'.repeat(4)}`,
])('%s will do', (key) => {
  expect(weaknessOf(key)).toBeUndefined()
})
