import fc from 'fast-check'
import { expect, test } from 'vitest'

import { editBody } from '../../../gateway/pipeline/edit-body.ts'
import { findMembers } from '../../../gateway/pipeline/json-members.ts'
import { anyObject, anySpace, written } from './any-json.ts'

const edited = (text: string, set: Record<string, unknown>, remove: readonly string[] = []) =>
  editBody(Buffer.from(text), findMembers(Buffer.from(text)), {
    set: new Map(
      Object.entries(set).map(([key, value]) => [key, Buffer.from(JSON.stringify(value))]),
    ),
    remove: new Set(remove),
  }).toString()

const keys = fc.constantFrom('model', 'stream', 'metadata', 'temperature', 'added', 'zusätzlich')

test('the edited bytes mean the edited object, whatever was written how', () => {
  fc.assert(
    fc.property(
      anyObject,
      fc.array(anySpace),
      fc.boolean(),
      fc.dictionary(keys, fc.jsonValue({ maxDepth: 1 })),
      fc.uniqueArray(keys),
      (object, spaces, escapes, set, remove) => {
        const text = written(object, spaces, escapes)
        const expected = new Map(Object.entries(JSON.parse(text)))
        for (const key of remove) expected.delete(key)
        for (const [key, value] of Object.entries(set)) expected.set(key, value)
        const result: object = JSON.parse(edited(text, JSON.parse(JSON.stringify(set)), remove))
        const wanted: object = JSON.parse(JSON.stringify(Object.fromEntries(expected)))
        expect(result).toEqual(wanted)
      },
    ),
    { numRuns: 1000 },
  )
})

test('members that are not touched keep their bytes', () => {
  fc.assert(
    fc.property(anyObject, fc.array(anySpace), fc.boolean(), (object, spaces, escapes) => {
      const text = written(object, spaces, escapes)
      const before = Buffer.from(text)
      const after = edited(text, { model: 'x' }, ['metadata'])
      for (const { key, start, end } of findMembers(before)) {
        if (key === 'model' || key === 'metadata') continue
        expect(after).toContain(before.toString('utf8', start, end))
      }
    }),
    { numRuns: 300 },
  )
})

test('without an edit that matters the very same bytes come back', () => {
  const bytes = Buffer.from('{ "a" : 1.0e0 }')
  const same = editBody(bytes, findMembers(bytes), { set: new Map(), remove: new Set(['b']) })
  expect(same).toBe(bytes)
})

test('spaces, numbers and order outside the edit stay as they were', () => {
  expect(edited('{ "n":1.00,\n "model" : "a" , "u":"\\u00e9"}', { model: 'b' })).toBe(
    '{ "n":1.00,\n "model" : "b" , "u":"\\u00e9"}',
  )
  expect(edited('{"a":1, "timeout": 3, "b" :2}', {}, ['timeout'])).toBe('{"a":1,"b" :2}')
  expect(edited('{}', { model: 'b' })).toBe('{"model":"b"}')
  expect(edited('{"timeout":1}', { a: 1, b: 2 }, ['timeout'])).toBe('{"a":1,"b":2}')
  expect(edited('{"timeout":1}', {}, ['timeout'])).toBe('{}')
})
