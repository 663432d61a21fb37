import type { FaultList } from './fault-list.ts'
import { nearestNames } from './nearest-name.ts'
import { hasPlaceholder } from './placeholders.ts'
import type { Schema } from './schema-parts.ts'
import { withoutSecrets } from './secret-shapes.ts'
import { isObject } from './json-object.ts'
import type { Path } from './yaml-source.ts'

/** What became of a string: filled, left as written for want of an environment, or at fault (and said so). */
export type Filling =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unfilled' }
  | { readonly kind: 'fault' }

interface ReaderOptions {
  readonly faults: FaultList
  readonly fill: (text: string, path: Path) => Filling
  /** Told of each key that a block of LiteLLM's has beyond its schema. */
  readonly onOtherKey: (block: string, path: Path, value: unknown) => void
}

const absent = Symbol('absent')

/** Reads raw YAML values by a schema: converts, fills, and collects a fault for all that does not fit. */
export class SchemaReader {
  readonly #options: ReaderOptions

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Undefined where nothing usable is there; what is wrong is in the faults. */
  read<Value>(schema: Schema<Value>, raw: unknown, path: Path): Value | undefined {
    if (raw === undefined || raw === null) return undefined
    const value = this.#convert(schema, raw, path)
    return isConverted(schema, value) ? value : undefined
  }

  /** A free-form value with its placeholders filled; undefined where one of them is missing. */
  readFreely(raw: unknown, path: Path): unknown {
    const value = this.#convertFreely(raw, path)
    return value === absent ? undefined : value
  }

  #convert(schema: Schema, raw: unknown, path: Path): unknown {
    if (schema.anyOf) return this.#convertUnion(schema, schema.anyOf, raw, path)
    const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
    if (types.includes('object')) return this.#convertObject(schema, raw, path)
    if (types.includes('array')) return this.#convertList(schema, raw, path)
    if (types.includes('null')) return raw
    return this.#convertScalar(schema, types, raw, path)
  }

  #convertUnion(union: Schema, members: readonly Schema[], raw: unknown, path: Path): unknown {
    const kind = kindOf(raw)
    const wording = union.expected === undefined ? {} : { expected: union.expected }
    const fitting = members.find((member) => kindsOf(member).includes(kind))
    if (fitting)
      return this.#convert({ ...fitting, ...(kind === 'scalar' ? wording : {}) }, raw, path)
    return this.#refuse(union, raw, path)
  }

  #convertObject(schema: Schema, raw: unknown, path: Path): unknown {
    if (!isObject(raw)) return this.#refuse(schema, raw, path)
    const known = schema.properties ?? {}
    const entries: [string, unknown][] = []
    for (const [key, value] of Object.entries(raw)) {
      const keyPath = [...path, key]
      const property = Object.hasOwn(known, key) ? known[key] : undefined
      const converted = property
        ? this.#convertProperty(property, value, keyPath)
        : this.#convertOther(schema, key, value, path)
      if (converted !== absent) entries.push([key, converted])
    }
    this.#reportMissing(schema, raw, path)
    const has = new Set(entries.map(([key]) => key))
    const isWhole = (schema.required ?? []).every((key) => has.has(key))
    return isWhole ? Object.fromEntries(entries) : absent
  }

  #convertProperty(schema: Schema, value: unknown, path: Path): unknown {
    if (value === null && !kindsOf(schema).includes('null')) return absent
    return this.#convert(schema, value, path)
  }

  #convertOther(schema: Schema, key: string, value: unknown, path: Path): unknown {
    const rule = schema.additionalProperties
    const keyPath = [...path, key]
    if (rule === false) {
      const { faults } = this.#options
      const message = faults.isFull ? '' : unknownKey(key, Object.keys(schema.properties ?? {}))
      faults.error(keyPath, message, { part: 'key' })
      return absent
    }
    if (typeof rule === 'object') return this.#convertProperty(rule, value, keyPath)
    if (schema.block !== undefined) {
      this.#options.onOtherKey(schema.block, keyPath, value)
      return absent
    }
    return this.#convertFreely(value, keyPath)
  }

  #reportMissing(schema: Schema, raw: Record<string, unknown>, path: Path): void {
    for (const key of schema.required ?? []) {
      if (raw[key] !== undefined && raw[key] !== null) continue
      const others = Object.keys(raw).filter(
        (name) => !Object.hasOwn(schema.properties ?? {}, name),
      )
      const [near] = nearestNames(key, others, 1)
      const instead =
        near === undefined ? 'nothing' : `the key ${withoutSecrets(near)}: write ${key}`
      const expected = schema.properties?.[key]?.expected ?? 'a value'
      this.#options.faults.error([...path, key], `expected ${expected}, found ${instead}`)
    }
  }

  #convertList(schema: Schema, raw: unknown, path: Path): unknown {
    if (!Array.isArray(raw)) return this.#refuse(schema, raw, path)
    const item = schema.items ?? {}
    return raw
      .map((value: unknown, index) => this.#convert(item, value, [...path, index]))
      .filter((value) => value !== absent)
  }

  #convertScalar(schema: Schema, types: readonly string[], raw: unknown, path: Path): unknown {
    if (kindOf(raw) !== 'scalar') return this.#refuse(schema, raw, path)
    if (typeof raw !== 'string') return this.#checkScalar(schema, types, raw, raw, path)
    const filling = this.#options.fill(raw, path)
    if (filling.kind === 'fault') return absent
    if (filling.kind === 'text') return this.#checkScalar(schema, types, filling.text, raw, path)
    return types.includes('string') && types.length === 1 && fits(schema, raw) ? raw : absent
  }

  #checkScalar(
    schema: Schema,
    types: readonly string[],
    value: unknown,
    raw: unknown,
    path: Path,
  ): unknown {
    const converted = toType(types, value)
    if (converted === undefined || !fits(schema, converted)) return this.#refuse(schema, raw, path)
    return converted
  }

  #convertFreely(raw: unknown, path: Path): unknown {
    if (typeof raw === 'string') {
      const filling = this.#options.fill(raw, path)
      if (filling.kind === 'text') return filling.text
      return filling.kind === 'unfilled' ? raw : absent
    }
    if (Array.isArray(raw)) {
      return raw
        .map((value: unknown, index) => this.#convertFreely(value, [...path, index]))
        .filter((value) => value !== absent)
    }
    if (!isObject(raw)) return raw
    const entries = Object.entries(raw).map(
      ([key, value]) => [key, this.#convertFreely(value, [...path, key])] as const,
    )
    return Object.fromEntries(entries.filter(([, value]) => value !== absent))
  }

  #refuse(schema: Schema, raw: unknown, path: Path): typeof absent {
    const expected = schema.expected ?? 'another kind of value'
    this.#options.faults.error(path, `expected ${expected}, ${found(raw, path, schema.enum)}`)
    return absent
  }
}

/** `unknown key x`, with the nearest of the known ones, or all of them. */
function unknownKey(key: string, known: readonly string[]): string {
  const [near] = nearestNames(key, known, 1)
  if (near !== undefined) return `unknown key, did you mean ${near}?`
  return `unknown key, expected one of ${known.join(', ')}`
}

/** Whatever is not absent was built by the schema, part by part; a second check would cost more than the first. */
function isConverted<Value>(_schema: Schema<Value>, value: unknown): value is Value {
  return value !== absent
}

function kindOf(raw: unknown): 'object' | 'array' | 'null' | 'scalar' {
  if (raw === null || raw === undefined) return 'null'
  if (Array.isArray(raw)) return 'array'
  return typeof raw === 'object' ? 'object' : 'scalar'
}

function kindsOf(schema: Schema): readonly string[] {
  if (schema.anyOf) return schema.anyOf.flatMap(kindsOf)
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? [])
  return types.map((type) => (['object', 'array', 'null'].includes(type) ? type : 'scalar'))
}

function fits(schema: Schema, value: unknown): boolean {
  if (typeof value === 'number') {
    return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity)
  }
  if (typeof value !== 'string') return true
  if (schema.enum) return schema.enum.includes(value)
  return schema.pattern === undefined || compiled(schema.pattern).test(value)
}

const expressions = new Map<string, RegExp>()

function compiled(pattern: string): RegExp {
  const known = expressions.get(pattern)
  if (known) return known
  const expression = new RegExp(pattern)
  expressions.set(pattern, expression)
  return expression
}

function toType(types: readonly string[], value: unknown): unknown {
  if (types.includes('integer')) return toNumber(value, true)
  if (types.includes('number')) return toNumber(value, false)
  if (types.includes('boolean')) return toFlag(value)
  if (typeof value === 'string') return value
  return Number.isSafeInteger(value) ? String(value) : undefined
}

function toNumber(value: unknown, isWhole: boolean): number | undefined {
  const number = typeof value === 'string' ? parseNumber(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined
  return isWhole && !Number.isSafeInteger(number) ? undefined : number
}

function parseNumber(text: string): number {
  const digits = text.trim()
  return /^[+-]?\d[\d_]*(\.\d+)?([eE][+-]?\d+)?$/.test(digits)
    ? Number(digits.replaceAll('_', ''))
    : Number.NaN
}

function toFlag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (['true', 'yes', 'on'].includes(word)) return true
  return ['false', 'no', 'off'].includes(word) ? false : undefined
}

const hiddenKey = /key|token|secret|password|database_url|credential|authorization/i

/** `found "soon"`: what is written, never what a variable holds, nothing of a secret. */
function found(raw: unknown, path: Path, words: readonly string[] | undefined): string {
  if (raw === null) return 'found nothing'
  if (Array.isArray(raw)) return 'found a list'
  if (typeof raw === 'object') return 'found keys and values'
  if (typeof raw === 'number' || typeof raw === 'boolean') return `found ${raw}`
  if (typeof raw !== 'string') return 'found another kind of value'
  if (hasPlaceholder(raw)) return `found what ${withoutSecrets(raw)} holds`
  const lastKey = path.findLast((step) => typeof step === 'string') ?? ''
  if (typeof lastKey === 'string' && hiddenKey.test(lastKey)) return 'found something else'
  const [near] = words ? nearestNames(raw, words, 1) : []
  const shown = raw.length > 60 ? `${raw.slice(0, 60)}…` : raw
  const hint = near === undefined ? '' : `, did you mean ${near}?`
  return `found ${JSON.stringify(withoutSecrets(shown))}${hint}`
}
