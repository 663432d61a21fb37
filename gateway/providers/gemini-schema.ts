import { isObject } from '../../modules/json-object.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/**
 * A JSON schema in the part of OpenAPI's that Gemini takes: references put in place, `null` as `nullable`, choices as
 * `anyOf`, no word it does not know. Undefined: an object without properties, which it wants left out.
 */
export function geminiSchema(schema: unknown, param: string): JsonObject | undefined {
  if (!isGiven(schema)) return undefined
  if (!isObject(schema)) throw invalid(param, 'must be a JSON schema.')
  const converted = convert(schema, { root: schema, param, inside: [], budget: { left: 5_000 } })
  const isEmpty = converted.type === 'object' && !isGiven(converted.properties)
  return isEmpty ? undefined : converted
}

interface Place {
  readonly root: JsonObject
  readonly param: string
  /** References being put in place: one that comes again goes round in a circle. */
  readonly inside: readonly string[]
  /** A few references can unfold into more schema than there is memory. */
  readonly budget: { left: number }
}

type Schema = Readonly<Record<string, unknown>>

const kept = [
  'title',
  'description',
  'nullable',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'propertyOrdering',
]

const deepest = 60

function convert(schema: unknown, place: Place, depth = 0): Schema {
  place.budget.left -= 1
  if (place.budget.left < 0 || depth > deepest)
    throw invalid(place.param, 'is too large a schema for this model once its $refs are in place.')
  if (!isObject(schema)) return anything
  const reference = textOf(schema.$ref)
  if (reference !== undefined) return sound(referenced(reference, schema, place, depth))
  if (isList(schema.allOf) && schema.allOf.length > 0) return sound(merged(schema, place, depth))
  const options = optionsOf(schema)
  if (options !== undefined) return sound(oneOfMany(schema, options, place, depth))
  return { ...common(schema), ...shapeOf(schema, place, depth) }
}

/** Beside `anyOf` nothing else may stand: what holds for all goes into each. Only what is there can be required. */
function sound({ anyOf, required, ...rest }: Schema): Schema {
  if (!isList(anyOf) || isGiven(rest['type'])) {
    const there = isList(required) ? required.filter((name) => isProperty(rest, name)) : []
    return { ...rest, ...(there.length > 0 && { required: there }) }
  }
  const { description, nullable } = rest
  const shared = {
    ...(isGiven(description) && { description }),
    ...(isGiven(nullable) && { nullable }),
  }
  return {
    anyOf: anyOf.map((option) => (isObject(option) ? sound({ ...shared, ...option }) : option)),
  }
}

function isProperty({ properties }: Schema, name: unknown): boolean {
  return isObject(properties) && typeof name === 'string' && Object.hasOwn(properties, name)
}

// Gemini wants a type everywhere; a text can say anything.
const anything: Schema = { type: 'string' }

function common(schema: JsonObject): Schema {
  return Object.fromEntries(kept.flatMap((k) => (isGiven(schema[k]) ? [[k, schema[k]]] : [])))
}

function referenced(reference: string, schema: JsonObject, place: Place, depth: number): Schema {
  const { $ref: _, ...beside } = schema
  const found = place.inside.includes(reference) ? undefined : resolve(reference, place.root)
  if (found === undefined) return { ...common(beside), type: 'object' }
  const inside = [...place.inside, reference]
  return { ...convert(found, { ...place, inside }, depth + 1), ...common(beside) }
}

/** `#/$defs/Address`, by its steps. */
function resolve(reference: string, root: JsonObject): unknown {
  if (!reference.startsWith('#')) return undefined
  let at: unknown = root
  for (const step of reference.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at
}

function merged(schema: JsonObject, place: Place, depth: number): Schema {
  const { allOf, ...own } = schema
  const parts = (isList(allOf) ? allOf : []).map((part) => convert(part, place, depth + 1))
  const all = Object.keys(own).some((key) => key !== 'description' && key !== 'title')
    ? [...parts, convert(own, place, depth + 1)]
    : parts
  const properties = Object.assign({}, ...all.map((part) => part['properties']))
  const required = all.flatMap((part) => (isList(part['required']) ? part['required'] : []))
  return {
    ...Object.assign({}, ...all),
    ...common(own),
    ...(Object.keys(properties).length > 0 && { type: 'object', properties }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
  }
}

/** What is to be chosen from: `anyOf`, `oneOf`, or a list of types. */
function optionsOf(schema: JsonObject): readonly unknown[] | undefined {
  for (const list of [schema.anyOf, schema.oneOf]) if (isList(list) && list.length > 0) return list
  if (!isList(schema.type)) return undefined
  const { anyOf: _, oneOf: _1, ...rest } = schema
  return schema.type.map((type) => ({ ...rest, type: textOf(type) ?? 'string' }))
}

function oneOfMany(
  schema: JsonObject,
  options: readonly unknown[],
  place: Place,
  depth: number,
): Schema {
  const isNull = (option: unknown): boolean => isObject(option) && option.type === 'null'
  const nullable = options.some(isNull) || schema.nullable === true ? { nullable: true } : {}
  const converted = options
    .filter((option) => !isNull(option))
    .map((option) => convert(option, place, depth + 1))
  const [first = anything] = converted
  if (converted.length < 2) return { ...common(schema), ...first, ...nullable }
  return { ...common(schema), ...nullable, anyOf: converted }
}

const formats: Readonly<Record<string, readonly string[]>> = {
  string: ['date-time', 'enum'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
}

function shapeOf(schema: JsonObject, place: Place, depth: number): Schema {
  const type = typeOf(schema)
  const { format } = schema
  return {
    type,
    ...(typeof format === 'string' && formats[type]?.includes(format) && { format }),
    ...valuesOf(schema, type),
    ...(type === 'array' && { items: convert(itemsOf(schema), place, depth + 1) }),
    ...(type === 'object' && membersOf(schema, place, depth)),
  }
}

const types = new Set(['string', 'number', 'integer', 'boolean', 'array', 'object', 'null'])

function typeOf(schema: JsonObject): string {
  const written = textOf(schema.type)?.toLowerCase()
  if (written !== undefined && types.has(written)) return written
  if (isGiven(schema.properties)) return 'object'
  if (isGiven(schema.items) || isGiven(schema.prefixItems)) return 'array'
  const [value] = isList(schema.enum) ? schema.enum : [schema.const]
  return typeof value === 'number' || typeof value === 'boolean' ? typeof value : 'string'
}

/** Allowed values: of texts as `enum`, of anything else in words, for Gemini knows only texts there. */
function valuesOf(schema: JsonObject, type: string): Schema {
  const values = isList(schema.enum) ? schema.enum : isGiven(schema.const) ? [schema.const] : []
  if (values.length === 0) return {}
  if (type === 'string') {
    const texts = values.filter((value) => typeof value === 'string' && value !== '')
    return texts.length > 0 ? { enum: texts } : {}
  }
  const allowed = `One of ${JSON.stringify(values)}.`
  const { description } = schema
  return {
    description: typeof description === 'string' ? `${description} ${allowed}` : allowed,
  }
}

function itemsOf({ items, prefixItems }: JsonObject): unknown {
  const [first] = isList(items) ? items : isList(prefixItems) ? prefixItems : []
  return isObject(items) ? items : first
}

function membersOf(schema: JsonObject, place: Place, depth: number): Schema {
  if (!isObject(schema.properties) || Object.keys(schema.properties).length === 0) return {}
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, one]) => [name, convert(one, place, depth + 1)]),
  )
  const required = isList(schema.required)
    ? schema.required.filter((name) => isProperty({ properties }, name))
    : []
  return { properties, ...(required.length > 0 && { required }) }
}
