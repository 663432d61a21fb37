import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { geminiSchema } from '../../../gateway/providers/gemini-schema.ts'

const known = new Set([
  'type',
  'format',
  'title',
  'description',
  'nullable',
  'enum',
  'items',
  'properties',
  'required',
  'anyOf',
  'propertyOrdering',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
])

const { schema: anySchema } = fc.letrec<{ schema: unknown }>((tie) => {
  const named = fc.dictionary(fc.constantFrom('a', 'b', 'type', '__proto__'), tie('schema'), {
    maxKeys: 3,
  })
  const list = fc.array(tie('schema'), { maxLength: 3 })
  const type = fc.constantFrom('object', 'array', 'string', 'integer', 'null', 'any', 'OBJECT')
  return {
    schema: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.record(
        {
          type: fc.oneof(type, fc.array(type, { maxLength: 3 })),
          properties: named,
          $defs: named,
          items: fc.oneof(tie('schema'), list),
          prefixItems: list,
          anyOf: list,
          oneOf: list,
          allOf: list,
          $ref: fc.constantFrom('#', '#/$defs/a', '#/properties/b', '#/none', 'http://x/y'),
          enum: fc.array(fc.jsonValue({ maxDepth: 0 }), { maxLength: 3 }),
          const: fc.jsonValue({ maxDepth: 0 }),
          required: fc.array(fc.constantFrom('a', 'b', 'z'), { maxLength: 3 }),
          format: fc.constantFrom('date-time', 'uuid', 'int64'),
          description: fc.string(),
          additionalProperties: tie('schema'),
        },
        { requiredKeys: [] },
      ),
    ),
  }
})

/** What Gemini would not take of it, in words. */
function* faults(converted: Readonly<Record<string, unknown>>): Generator<string> {
  const keys = Object.keys(converted)
  for (const key of keys) if (!known.has(key)) yield `unknown: ${key}`
  const { anyOf, type, properties, required, items } = converted
  if ((anyOf === undefined) === (type === undefined)) yield 'neither or both of anyOf and type'
  if (anyOf !== undefined && keys.length > 1) yield `beside anyOf: ${keys.join(', ')}`
  if (type === 'array' && typeof items !== 'object') yield 'a list without items'
  const inner = [anyOf, Object.values(Object(properties)), items].flat()
  for (const one of inner) if (one !== undefined) yield* faults(Object(one))
  for (const name of Array.isArray(required) ? required : [])
    if (!Object.hasOwn(Object(properties), String(name))) yield `required, but not there: ${name}`
}

test('any schema becomes one that Gemini takes, or is refused', () => {
  fc.assert(
    fc.property(anySchema, (given) => {
      try {
        const converted = geminiSchema(given, 'tools[0].function.parameters')
        if (converted !== undefined) expect([...faults(converted)]).toEqual([])
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        expect(error.param).toBe('tools[0].function.parameters')
      }
    }),
    { numRuns: 500 },
  )
})

test('an object without properties is left out', () => {
  expect(geminiSchema({ type: 'object', properties: {} }, 'p')).toBeUndefined()
  expect(geminiSchema({ type: 'object', additionalProperties: true }, 'p')).toBeUndefined()
  expect(geminiSchema(undefined, 'p')).toBeUndefined()
})

test('references that double with each step are refused before they fill the memory', () => {
  const steps = Array.from({ length: 40 }, (_, n) => {
    const next = { $ref: `#/$defs/s${n + 1}` }
    return [`s${n}`, { type: 'object', properties: { a: next, b: next } }]
  })
  const $defs = { ...Object.fromEntries(steps), s40: { type: 'string' } }
  expect(() => geminiSchema({ $ref: '#/$defs/s0', $defs }, 'p')).toThrow(/too large/)
})

test('a schema as deep as a parser lets through is refused, not a stack that ends', () => {
  let deep: Record<string, unknown> = { type: 'string' }
  for (let depth = 0; depth < 5_000; depth += 1) deep = { type: 'array', items: deep }
  expect(() => geminiSchema(deep, 'p')).toThrow(/too large/)
})

test('a name such as __proto__ is a property like any other', () => {
  const written = '{"type":"object","properties":{"__proto__":{"type":"string"}}}'
  expect(JSON.stringify(geminiSchema(JSON.parse(written), 'p'))).toBe(written)
})
