import { isObject } from '../../modules/json-object.ts'
import { isList, type JsonObject } from './read-json.ts'

/** What the API cannot hold an answer to; the model reads it as part of the description instead. */
const unheld = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'minProperties',
  'maxProperties',
])
const named = new Set(['properties', '$defs', 'definitions'])
const nested = new Set(['items', 'anyOf', 'oneOf', 'allOf'])

/** A JSON schema as Anthropic takes it for an answer: objects closed, limits in words. */
export function answerSchema(schema: JsonObject): JsonObject {
  const told: string[] = []
  const kept: [string, unknown][] = []
  for (const [key, value] of Object.entries(schema)) {
    if (unheld.has(key) || (key === 'minItems' && Number(value) > 1)) told.push(limit(key, value))
    else kept.push([key, inner(key, value)])
  }
  const isOpen = schema.type === 'object' && !isObject(schema.additionalProperties)
  return {
    ...Object.fromEntries(kept),
    ...(isOpen && { additionalProperties: false }),
    ...(told.length > 0 && { description: described(schema.description, told) }),
  }
}

function inner(key: string, value: unknown): unknown {
  if (named.has(key) && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, schemaIn(one)]))
  if (nested.has(key)) return isList(value) ? value.map(schemaIn) : schemaIn(value)
  return value
}

function schemaIn(value: unknown): unknown {
  return isObject(value) ? answerSchema(value) : value
}

function limit(key: string, value: unknown): string {
  return `${key}: ${JSON.stringify(value)}`
}

function described(description: unknown, told: readonly string[]): string {
  const limits = `(${told.join(', ')})`
  return typeof description === 'string' ? `${description} ${limits}` : limits
}
