import type { Static, TSchema } from 'typebox'
import type { FaultList } from './fault-list.ts'
import { nearestNames } from './nearest-name.ts'
import { hasPlaceholder } from './placeholders.ts'
import { withoutSecrets } from './secret-shapes.ts'
import { isRecord } from './yaml-source.ts'
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

/** The parts of JSON Schema that the schemas here are made of. */
interface Shape {
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Shape[]
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Shape
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Shape
  readonly expected?: string
  readonly block?: string
}

const absent = Symbol('absent')

/** Reads raw YAML values by a schema: converts, fills, and collects a fault for all that does not fit. */
export class SchemaReader {
  readonly #options: ReaderOptions

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Undefined where nothing usable is there; what is wrong is in the faults. */
  read<Schema extends TSchema>(
    schema: Schema,
    raw: unknown,
    path: Path,
  ): Static<Schema> | undefined {
    if (raw === undefined || raw === null) return undefined
    const value = this.#convert(shapeOf(schema), raw, path)
    return isConverted(schema, value) ? value : undefined
  }

  /** A free-form value with its placeholders filled; undefined where one of them is missing. */
  readFreely(raw: unknown, path: Path): unknown {
    const value = this.#convertFreely(raw, path)
    return value === absent ? undefined : value
  }

  #convert(shape: Shape, raw: unknown, path: Path): unknown {
    if (shape.anyOf) return this.#convertUnion(shape, shape.anyOf, raw, path)
    const types = typeof shape.type === 'string' ? [shape.type] : (shape.type ?? [])
    if (types.includes('object')) return this.#convertObject(shape, raw, path)
    if (types.includes('array')) return this.#convertList(shape, raw, path)
    if (types.includes('null')) return raw
    return this.#convertScalar(shape, types, raw, path)
  }

  #convertUnion(union: Shape, members: readonly Shape[], raw: unknown, path: Path): unknown {
    const kind = kindOf(raw)
    const wording = union.expected === undefined ? {} : { expected: union.expected }
    const fitting = members.find((member) => kindsOf(member).includes(kind))
    if (fitting)
      return this.#convert({ ...fitting, ...(kind === 'scalar' ? wording : {}) }, raw, path)
    return this.#refuse(union, raw, path)
  }

  #convertObject(shape: Shape, raw: unknown, path: Path): unknown {
    if (!isRecord(raw)) return this.#refuse(shape, raw, path)
    const known = shape.properties ?? {}
    const entries: [string, unknown][] = []
    for (const [key, value] of Object.entries(raw)) {
      const keyPath = [...path, key]
      const property = Object.hasOwn(known, key) ? known[key] : undefined
      const converted = property
        ? this.#convertProperty(property, value, keyPath)
        : this.#convertOther(shape, key, value, path)
      if (converted !== absent) entries.push([key, converted])
    }
    this.#reportMissing(shape, raw, path)
    const has = new Set(entries.map(([key]) => key))
    const isWhole = (shape.required ?? []).every((key) => has.has(key))
    return isWhole ? Object.fromEntries(entries) : absent
  }

  #convertProperty(shape: Shape, value: unknown, path: Path): unknown {
    if (value === null && !kindsOf(shape).includes('null')) return absent
    return this.#convert(shape, value, path)
  }

  #convertOther(shape: Shape, key: string, value: unknown, path: Path): unknown {
    const rule = shape.additionalProperties
    const keyPath = [...path, key]
    if (rule === false) {
      const { faults } = this.#options
      const message = faults.isFull ? '' : unknownKey(key, Object.keys(shape.properties ?? {}))
      faults.error(keyPath, message, { part: 'key' })
      return absent
    }
    if (typeof rule === 'object') return this.#convertProperty(rule, value, keyPath)
    if (shape.block !== undefined) {
      this.#options.onOtherKey(shape.block, keyPath, value)
      return absent
    }
    return this.#convertFreely(value, keyPath)
  }

  #reportMissing(shape: Shape, raw: Record<string, unknown>, path: Path): void {
    for (const key of shape.required ?? []) {
      if (raw[key] !== undefined && raw[key] !== null) continue
      const others = Object.keys(raw).filter((name) => !Object.hasOwn(shape.properties ?? {}, name))
      const [near] = nearestNames(key, others, 1)
      const instead =
        near === undefined ? 'nothing' : `the key ${withoutSecrets(near)}: write ${key}`
      const expected = shape.properties?.[key]?.expected ?? 'a value'
      this.#options.faults.error([...path, key], `expected ${expected}, found ${instead}`)
    }
  }

  #convertList(shape: Shape, raw: unknown, path: Path): unknown {
    if (!Array.isArray(raw)) return this.#refuse(shape, raw, path)
    const item = shape.items ?? {}
    return raw
      .map((value: unknown, index) => this.#convert(item, value, [...path, index]))
      .filter((value) => value !== absent)
  }

  #convertScalar(shape: Shape, types: readonly string[], raw: unknown, path: Path): unknown {
    if (kindOf(raw) !== 'scalar') return this.#refuse(shape, raw, path)
    if (typeof raw !== 'string') return this.#checkScalar(shape, types, raw, raw, path)
    const filling = this.#options.fill(raw, path)
    if (filling.kind === 'fault') return absent
    if (filling.kind === 'text') return this.#checkScalar(shape, types, filling.text, raw, path)
    return types.includes('string') && types.length === 1 && fits(shape, raw) ? raw : absent
  }

  #checkScalar(
    shape: Shape,
    types: readonly string[],
    value: unknown,
    raw: unknown,
    path: Path,
  ): unknown {
    const converted = toType(types, value)
    if (converted === undefined || !fits(shape, converted)) return this.#refuse(shape, raw, path)
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
    if (!isRecord(raw)) return raw
    const entries = Object.entries(raw).map(
      ([key, value]) => [key, this.#convertFreely(value, [...path, key])] as const,
    )
    return Object.fromEntries(entries.filter(([, value]) => value !== absent))
  }

  #refuse(shape: Shape, raw: unknown, path: Path): typeof absent {
    const expected = shape.expected ?? 'another kind of value'
    this.#options.faults.error(path, `expected ${expected}, ${found(raw, path, shape.enum)}`)
    return absent
  }
}

/** `unknown key x`, with the nearest of the known ones, or all of them. */
export function unknownKey(key: string, known: readonly string[]): string {
  const [near] = nearestNames(key, known, 1)
  if (near !== undefined) return `unknown key, did you mean ${near}?`
  return `unknown key, expected one of ${known.join(', ')}`
}

/** Whatever is not absent was built by the schema, part by part; a second check would cost more than the first. */
function isConverted<Schema extends TSchema>(
  _schema: Schema,
  value: unknown,
): value is Static<Schema> {
  return value !== absent
}

/** Typebox's schemas are plain JSON Schema; this names the part of it that is read here. */
function shapeOf(schema: TSchema): Shape {
  return schema
}

function kindOf(raw: unknown): 'object' | 'array' | 'null' | 'scalar' {
  if (raw === null || raw === undefined) return 'null'
  if (Array.isArray(raw)) return 'array'
  return typeof raw === 'object' ? 'object' : 'scalar'
}

function kindsOf(shape: Shape): readonly string[] {
  if (shape.anyOf) return shape.anyOf.flatMap(kindsOf)
  const types = typeof shape.type === 'string' ? [shape.type] : (shape.type ?? [])
  return types.map((type) => (['object', 'array', 'null'].includes(type) ? type : 'scalar'))
}

function fits(shape: Shape, value: unknown): boolean {
  if (typeof value === 'number') {
    return value >= (shape.minimum ?? -Infinity) && value <= (shape.maximum ?? Infinity)
  }
  if (typeof value !== 'string') return true
  if (shape.enum) return shape.enum.includes(value)
  return shape.pattern === undefined || new RegExp(shape.pattern).test(value)
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
