import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { toManifestText } from '../../infra/manifest-text.ts'

function expectSame(value: unknown): void {
  const text = toManifestText(value)
  for (const version of ['1.1', '1.2'] as const) expect(parse(text, { version })).toEqual(value)
}

test('whatever an object holds is what a YAML reader finds, by either version', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[-+.:#\w "'\n|>[\]{},&*!%@`~=?]*$/),
    fc.constantFrom(
      'on',
      'No',
      '0o17',
      '1e3',
      'e5',
      'E-0',
      '-e+1',
      '1:30',
      '012',
      '0x1F',
      '-',
      '.5',
      '1_000',
      '2026-01-01',
      'null',
      '~',
    ),
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, depthIdentifier: 'tree' },
      piece,
      tie('list'),
      tie('map'),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    ),
    list: fc.array(tie('tree'), { maxLength: 4 }),
    map: fc.dictionary(piece, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  }))
  fc.assert(
    fc.property(fc.dictionary(piece, tree, { minKeys: 1, noNullPrototype: true }), expectSame),
    { numRuns: 500 },
  )
})

test.each([
  'a\n',
  'a\nb',
  'a\n\n',
  'a\n\n\nb\n\n\n',
  ' a\nb',
  '\na\n',
  'a \n b\n',
  'a\r\nb\n',
  'a\tb\n',
  '# a\nb\n',
  'a\n---\nb\n',
])('the lines of %j survive', (text) => expectSame({ list: [text, { text }], text }))

test('keys are in order, and the same object is the same bytes', () => {
  const text = toManifestText({ b: [{ z: 1, a: 'x' }], a: { d: undefined, c: 'text\nof lines\n' } })
  expect(text.split('\n').slice(1).join('\n')).toBe(
    'a:\n  c: |\n    text\n    of lines\nb:\n- a: x\n  z: 1\n',
  )
  expect(text).toMatch(/^# Made by /)
})
