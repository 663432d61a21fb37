import { expect, test } from 'vitest'

import { readDropPath, withoutPath } from '../../../gateway/pipeline/drop-paths.ts'

function without(path: string, value: unknown): unknown {
  const read = readDropPath(`field.${path}`)
  if (!read) throw new Error('no path')
  return withoutPath(value, read.steps)
}

test.each(['user', 'stream_options'])('%s is a field, no path into one', (name) => {
  expect(readDropPath(name)).toBeUndefined()
})

test.each([
  ['a', { a: 1, b: 2 }, { b: 2 }],
  ['a.b', { a: { b: 1, c: 2 } }, { a: { c: 2 } }],
  ['list[*].x', { list: [{ x: 1, y: 2 }, { x: 3 }, 4] }, { list: [{ y: 2 }, {}, 4] }],
  ['list[1]', { list: [1, 2, 3] }, { list: [1, 3] }],
  ['list[*]', { list: [1, 2] }, { list: [] }],
  ['a[*][0].b', { a: [[{ b: 1 }], [{ c: 1 }]] }, { a: [[{}], [{ c: 1 }]] }],
])('%s of %j', (path, value, left) => {
  const before = JSON.stringify(value)
  expect(without(path, value)).toEqual(left)
  expect(JSON.stringify(value)).toBe(before)
})

test.each([
  ['a', { b: 1 }],
  ['a', [1]],
  ['a.b', { a: 'text' }],
  ['constructor', {}],
  ['list[*].x', { list: [{ y: 1 }] }],
  ['list[7]', { list: [1] }],
  ['list[0]', { list: 'text' }],
])('%s leads nowhere in %j: the very same value stays', (path, value) => {
  expect(without(path, value)).toBe(value)
})
