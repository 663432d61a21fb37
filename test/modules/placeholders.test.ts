import { describe, expect, test } from 'vitest'
import {
  fillTemplate,
  hasPlaceholder,
  parseTemplate,
  variablesIn,
} from '../../modules/placeholders.ts'

function fill(text: string, values: Record<string, string> = {}): unknown {
  const parsed = parseTemplate(text)
  if ('fault' in parsed) return parsed
  return fillTemplate(parsed.template, (name) =>
    Object.hasOwn(values, name) ? values[name] : undefined,
  )
}

describe('filling', () => {
  test('a name is replaced wherever it stands', () => {
    expect(fill('http://${HOST}:${PORT}/v1', { HOST: 'a', PORT: '1' })).toEqual({
      text: 'http://a:1/v1',
    })
  })

  test('os.environ/ is the whole value', () => {
    expect(fill('os.environ/KEY', { KEY: 'k' })).toEqual({ text: 'k' })
    expect(fill('see os.environ/KEY', { KEY: 'k' })).toEqual({ text: 'see os.environ/KEY' })
  })

  test('a default stands in for an absent or an empty value, and may hold further names', () => {
    const text = '${BASE:-http://${HOST:-localhost}:11434/v1}'
    expect(fill(text)).toEqual({ text: 'http://localhost:11434/v1' })
    expect(fill(text, { BASE: '' })).toEqual({ text: 'http://localhost:11434/v1' })
    expect(fill(text, { HOST: 'box' })).toEqual({ text: 'http://box:11434/v1' })
    expect(fill(text, { BASE: 'http://x' })).toEqual({ text: 'http://x' })
  })

  test('an empty default is a value', () => {
    expect(fill('a${X:-}b')).toEqual({ text: 'ab' })
  })

  test('what is missing is named once each', () => {
    expect(fill('${A}${B:-${C}}${A}')).toEqual({ missing: ['A', 'C'] })
  })

  test('a value is never read for placeholders', () => {
    expect(fill('${A}', { A: '${B} os.environ/B', B: 'no' })).toEqual({ text: '${B} os.environ/B' })
  })

  test('$${ is a literal ${, and a lone dollar is itself', () => {
    expect(fill('$${A} $ $$ $5', { A: 'a' })).toEqual({ text: '${A} $ $$ $5' })
  })
})

test.each([
  '${',
  '${A',
  '${A:-x',
  '${1A}',
  '${A-x}',
  '${A B}',
  '${}',
  'os.environ/',
  'os.environ/a b',
])('%s is a fault that says how to write it', (text) => {
  const parsed = parseTemplate(text)
  expect('fault' in parsed && parsed.fault).toMatch(
    /expected .*(\$\{NAME\}|os\.environ\/OPENAI_API_KEY)/,
  )
})

test('defaults nested without end are a fault, not a crash', () => {
  expect(parseTemplate('${A:-'.repeat(100_000))).toHaveProperty('fault')
})

test('every name is listed, with whether it has a default', () => {
  const parsed = parseTemplate('${A:-${B}} ${C}')
  expect('template' in parsed && variablesIn(parsed.template)).toEqual([
    { name: 'A', hasDefault: true },
    { name: 'B', hasDefault: false },
    { name: 'C', hasDefault: false },
  ])
})

test('an escaped dollar names no variable', () => {
  expect(hasPlaceholder('$${A}')).toBe(false)
  expect(hasPlaceholder('${A}')).toBe(true)
})
