import fc from 'fast-check'
import { expect, test } from 'vitest'

import { JsonDocument } from '../../../gateway/pipeline/json-document.ts'
import { findMembers, JsonShapeError, membersOf } from '../../../gateway/pipeline/json-members.ts'
import { deepestNesting } from '../../../gateway/pipeline/json-scan.ts'
import { isObject } from '../../../modules/json-object.ts'
import { anyObject, anySpace, written } from './any-json.ts'

test('every member of any object is found, with key and value where they stand', () => {
  fc.assert(
    fc.property(anyObject, fc.array(anySpace), fc.boolean(), (object, spaces, escapes) => {
      const bytes = Buffer.from(written(object, spaces, escapes))
      const wanted: object = JSON.parse(bytes.toString())
      const members = findMembers(bytes)
      const read = members.map(({ key, valueStart, end }) => [
        key,
        JSON.parse(bytes.toString('utf8', valueStart, end)),
      ])
      expect(read).toEqual(Object.entries(wanted).length === 0 ? [] : entriesAsWritten(bytes))
      for (const { start, key, end } of members)
        expect(JSON.parse(`{${bytes.toString('utf8', start, end)}}`)).toHaveProperty([key])
    }),
    { numRuns: 500 },
  )
})

// Objects put whole numbers first; a reviver sees keys in that order too, so the text is the witness.
function entriesAsWritten(bytes: Buffer): unknown[] {
  const object: Record<string, unknown> = JSON.parse(bytes.toString())
  const keys = findMembers(bytes).map(({ key }) => key)
  expect(keys.toSorted()).toEqual(Object.keys(object).toSorted())
  return keys.map((key) => [key, object[key]])
}

test('an object within a text is found from where it begins', () => {
  const bytes = Buffer.from('data: {"a": [1, {"b": "}"}], "c":"x"}\n\n')
  expect(findMembers(bytes, 6).map(({ key }) => key)).toEqual(['a', 'c'])
})

test.each([
  ['"mod\\u0065l"', 'model'],
  ['"\\u006d\\u006f\\u0064\\u0065\\u006c"', 'model'],
  ['"m\\\\"', 'm\\'],
  ['"\\""', '"'],
  ['"ключ"', 'ключ'],
  ['"\\ud83d\\ude00"', '😀'],
  ['""', ''],
])('the key %s is %s', (text, key) => {
  expect(findMembers(Buffer.from(`{${text}:1}`)).map((member) => member.key)).toEqual([key])
})

test('both of two equal keys are told', () => {
  expect(findMembers(Buffer.from('{"a":1,"\\u0061":2}')).map(({ key }) => key)).toEqual(['a', 'a'])
})

test('quotes, braces and backslashes in texts do not lead astray', () => {
  const value = { a: '}{][,:"\\', b: ['\\"', '\\\\"]'], c: { '}': '{' } }
  const bytes = Buffer.from(JSON.stringify(value))
  for (const { key, valueStart, end } of findMembers(bytes))
    expect(JSON.parse(bytes.toString('utf8', valueStart, end))).toEqual(
      Object.entries(value).find(([name]) => name === key)?.[1],
    )
})

test.each([
  '',
  ' ',
  '[]',
  '"a"',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{a:1}',
  '{"a" 1}',
  '{"a":"b',
  '{"a":[1',
  '{"a":}',
  '{,}',
  '{"a":1 "b":2}',
  '{"\\q":1}',
])('%j is refused', (text) => {
  expect(() => findMembers(Buffer.from(text))).toThrow(JsonShapeError)
})

test('any bytes at all end in members or a refusal', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('{"a":', '{"', '{"\\', '{'),
      fc.uint8Array({ maxLength: 60 }),
      (head, tail) => {
        try {
          findMembers(Buffer.concat([Buffer.from(head), tail]))
        } catch (error) {
          if (!(error instanceof JsonShapeError)) throw error
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('bytes are one object exactly where a parser says so', () => {
  const damage = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.stringMatching(/^[{}[\]",:\\eE+\-.0-9tfnu \n\té]{0,3}$/),
  })
  fc.assert(
    fc.property(
      anyObject,
      fc.boolean(),
      fc.array(damage, { maxLength: 2 }),
      (object, isSpaced, damages) => {
        let text = JSON.stringify(object, null, isSpaced ? 1 : 0)
        for (const { at, remove, insert } of damages) {
          const from = at % (text.length + 1)
          text = text.slice(0, from) + insert + text.slice(from + remove)
        }
        const bytes = Buffer.from(text.toWellFormed())
        const members = membersOf(bytes)
        const value = parsed(bytes)
        expect(members !== undefined, text).toBe(value !== undefined)
        if (!members || !value) return
        const document = new JsonDocument(bytes, members)
        expect(document.fields).toEqual(value)
        for (const key of Object.keys(value)) {
          expect(document.field(key)).toEqual(value[key])
          expect(document.kindOf(key)).toBe(kindOf(value[key]))
        }
        expect(document.field('nothing of that name')).toBeUndefined()
      },
    ),
    { numRuns: 5000 },
  )
})

test.each([
  ['{"a":1}', true],
  [' {"a":-0.5e+7} \n', true],
  ['{}', true],
  ['{"a":{},"b":[]}', true],
  ['{"a":[{"b":[null,true,false,"\\u00e9\\n"]}]}', true],
  ['{"a":01}', false],
  ['{"a":1.}', false],
  ['{"a":.5}', false],
  ['{"a":+1}', false],
  ['{"a":1e}', false],
  ['{"a":NaN}', false],
  ['{"a":nul}', false],
  ['{"a":truex}', false],
  ['{"a":[1,]}', false],
  ['{"a":[,1]}', false],
  ['{"a":{"b"}}', false],
  ['{"a":{"b":1,}}', false],
  ['{"a":[1}', false],
  ['{"a":{"b":1]}', false],
  ['{"a":"\\x"}', false],
  ['{"a":"\\u12g4"}', false],
  ['{"a":"line\nfeed"}', false],
  ['{"a":1} {', false],
  ['\ufeff{"a":1}', false],
])('%j is an object: %s', (text, isOne) => {
  const bytes = Buffer.from(text)
  expect(membersOf(bytes) !== undefined).toBe(isOne)
  expect(parsed(bytes) !== undefined).toBe(isOne)
})

function parsed(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function kindOf(value: unknown): string | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) return 'list'
  return typeof value === 'string' ? 'text' : 'other'
}

test('nesting has a floor', () => {
  const nested = (depth: number) => Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`)
  expect(findMembers(nested(deepestNesting - 1))).toHaveLength(1)
  expect(() => findMembers(nested(deepestNesting))).toThrow(JsonShapeError)
  expect(() => findMembers(nested(1_000_000))).toThrow(JsonShapeError)
})
