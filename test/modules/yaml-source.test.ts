import { expect, test } from 'vitest'
import { parseYaml } from '../../modules/yaml-source.ts'

test.each([
  ['', 'expected keys and values, found an empty file'],
  ['# only a comment\n', 'expected keys and values, found an empty file'],
  ['- a\n- b\n', 'expected keys and values, found a list'],
  ['just words\n', 'expected keys and values, found a single value'],
  ['a: 1\nb: 2\na: 3\n', 'expected each key once, found a again, as in line 1'],
  ['a:\n\tb: 1\n', 'a tab in the indentation'],
  ['a: 1\n---\na: 2\n', 'expected one document, found another'],
  ['a: b: c\n', 'a mapping inside a line'],
  ['a: *nowhere\n', 'an alias (`*name`) without its anchor'],
  ['a: [1, 2\n', 'must be sufficiently indented'],
])('%j is refused', (text, message) => {
  const { value, faults } = parseYaml(text)
  expect(value).toBeUndefined()
  expect(faults.map((fault) => fault.message).join('\n')).toContain(message)
})

test('a fault points at its line and column', () => {
  expect(parseYaml('a: 1\nb:\n  c: 2\n  c: 3\n').faults).toMatchObject([{ line: 4, column: 3 }])
})

test('aliases that unfold without end are refused', () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const items = Array.from({ length: 12 }, () => (level === 0 ? 'x' : `*l${level - 1}`))
    return `l${level}: &l${level} [${items.join(', ')}]`
  })
  const { value, faults } = parseYaml(levels.join('\n'))
  expect(value).toBeUndefined()
  expect(faults[0]?.message).toContain('unfold')
})

test.each(['['.repeat(50_000), '{a: '.repeat(50_000), '- '.repeat(50_000)])(
  'nesting without end is refused',
  (text) => {
    const { value, faults } = parseYaml(text)
    expect(value).toBeUndefined()
    expect(faults.length).toBeGreaterThan(0)
    expect(faults.length).toBeLessThanOrEqual(20)
  },
)

test('an alias inside its own anchor is refused', () => {
  expect(parseYaml('a: &a [*a]\n').faults[0]?.message).toContain('inside its own anchor')
})

test('a long list that aliases repeat too often is refused', () => {
  const text = `a: &a [${'x, '.repeat(20_000)}x]\nb: [${'*a, '.repeat(50)}*a]\n`
  expect(parseYaml(text).faults[0]?.message).toContain('at most 200,000 values')
})

test('a file of many megabytes is refused unread', () => {
  expect(parseYaml(`a: ${'x'.repeat(3_000_000)}`).faults[0]?.message).toContain('at most 2 MiB')
})

test('keys, values and absent things have positions', () => {
  const { positionOf } = parseYaml('models:\n  - name: a\n    rpm: 3\n')
  expect(positionOf(['models', 0, 'rpm'], 'key')).toEqual({ line: 3, column: 5 })
  expect(positionOf(['models', 0, 'rpm'], 'value')).toEqual({ line: 3, column: 10 })
  expect(positionOf(['models', 0, 'tpm'], 'value')).toEqual({ line: 2, column: 5 })
  expect(positionOf(['models', 7], 'value')).toEqual({ line: 2, column: 3 })
})

test('what a merge key brings in stands where it was written', () => {
  const { value, positionOf } = parseYaml(
    'base: &base {rpm: soon}\none: {<<: *base}\nlist: {<<: [*base]}\n',
  )
  expect(value).toEqual({ base: { rpm: 'soon' }, one: { rpm: 'soon' }, list: { rpm: 'soon' } })
  expect(positionOf(['one', 'rpm'], 'value')).toEqual({ line: 1, column: 19 })
  expect(positionOf(['list', 'rpm'], 'value')).toEqual({ line: 1, column: 19 })
})

test('an unknown tag is a warning', () => {
  expect(parseYaml('a: !vault x\n').faults).toMatchObject([{ severity: 'warning', line: 1 }])
})

test('a key named __proto__ changes no prototype', () => {
  const { value } = parseYaml('__proto__: {polluted: true}\n')
  expect(value).toBeDefined()
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
})
