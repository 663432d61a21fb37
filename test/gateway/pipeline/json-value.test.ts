import fc from 'fast-check'
import { expect, test } from 'vitest'
import { valueAt } from '../../../gateway/pipeline/json-value.ts'
import { anyObject } from './any-json.ts'

test('any value is the one a parser makes', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue({ maxDepth: 4 }), anyObject),
      fc.nat({ max: 2 }),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const bytes = Buffer.from(`  ${text} ,`)
        const length = Buffer.byteLength(text)
        expect(valueAt(bytes, 2, 2 + length)).toEqual(JSON.parse(text))
      },
    ),
    { numRuns: 2000 },
  )
})

test.each([
  '0',
  '58',
  '-3',
  '1.5',
  '1e3',
  '123456789012345',
  '9007199254740993',
  'true',
  'null',
  '"\\u0041"',
  '{"a":1,"a":2}',
  '{"__proto__":{"polluted":1},"b":[]}',
])('%s is the one a parser makes', (text) => {
  const bytes = Buffer.from(text)
  expect(valueAt(bytes, 0, bytes.length)).toEqual(JSON.parse(text))
  expect(Object.keys(Object(valueAt(bytes, 0, bytes.length)))).toEqual(
    Object.keys(Object(JSON.parse(text))),
  )
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})
