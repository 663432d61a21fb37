import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { ModelGroup } from '../../../gateway/routing/router.ts'
import { createPatterns, fillWildcard } from '../../../gateway/routing/wildcard.ts'

const group = (name: string, captures: readonly string[] = []): ModelGroup => ({
  name,
  deployments: [],
  captures,
})

function find(names: readonly string[], model: string) {
  const patterns = createPatterns(new Map(names.map((name) => [name, group(name)])))
  for (const pattern of patterns) {
    const captures = pattern.match(model)
    if (captures) return [pattern.group.name, captures]
  }
  return undefined
}

test.each([
  [['openai/*'], 'openai/gpt', ['openai/*', ['gpt']]],
  [['openai/*'], 'openai/', ['openai/*', ['']]],
  [['openai/*'], 'openai', undefined],
  [['openai/*', 'openai/gpt-*'], 'openai/gpt-4', ['openai/gpt-*', ['4']]],
  [['*-mini'], 'gpt-mini', ['*-mini', ['gpt']]],
  [['a*b*c'], 'aXbYc', ['a*b*c', ['X', 'Y']]],
  [['a*b*c'], 'abc', ['a*b*c', ['', '']]],
  [['a*b*c'], 'acb', undefined],
  [['aa*aa'], 'aaa', undefined],
  [['*'], 'anything', undefined],
  [['plain'], 'plain', undefined],
])('among %j the name %s finds %j', (names, model, expected) => {
  expect(find(names, model)).toEqual(expected)
})

test('captures put back into the pattern give the name again', () => {
  const pieces = fc.array(fc.stringMatching(/^[a-c/.-]{0,3}$/), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(pieces, fc.stringMatching(/^[a-c/.-]{0,12}$/), (literal, model) => {
      const pattern = literal.join('*')
      fc.pre(pattern !== '*')
      const found = find([pattern], model)
      if (!found) return
      const captures = found[1]
      if (!Array.isArray(captures)) throw new Error('no captures')
      const again = literal.map((piece, at) => piece + String(captures[at] ?? '')).join('')
      expect(again).toBe(model)
    }),
    { numRuns: 1000 },
  )
})

test('a hostile name costs no more than its length', () => {
  const startedAt = performance.now()
  expect(find(['a*a*a*a*a*a*a*b'], 'a'.repeat(100_000))).toBeUndefined()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test.each([
  ['gpt-4', group('openai/*', ['x']), 'openai/x', 'gpt-4'],
  ['*', group('openai/*', ['gpt-4']), 'openai/gpt-4', 'gpt-4'],
  ['meta/*-it', group('llama-*', ['3']), 'llama-3', 'meta/3-it'],
  ['*', group('*'), 'any/thing', 'any/thing'],
  ['vendor/*', group('*'), 'thing', 'vendor/thing'],
  ['*/*', group('a*b*', ['1', '2']), 'a1b2', '1/2'],
])('%s is filled for %j', (upstreamModel, of, asked, expected) => {
  expect(fillWildcard(upstreamModel, of, asked)).toBe(expected)
})
