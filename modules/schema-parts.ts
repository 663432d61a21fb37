declare const valueType: unique symbol
const optionalMark = Symbol('optional')

/** The part of JSON Schema that the schemas here are made of, and the type of what each describes. */
export interface Schema<Value = unknown> {
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly description?: string
  readonly default?: unknown
  /** Words in messages: `expected a number of seconds`. */
  readonly expected?: string
  /** A block of LiteLLM's: further keys are looked up by this name. */
  readonly block?: string
  /** Never there at run time. */
  readonly [valueType]?: Value
}

interface Optional {
  readonly [optionalMark]: true
}

interface ListSchema<Item extends Schema> extends Schema<ValueOf<Item>[]> {
  readonly items: Item
}

type Keys = Readonly<Record<string, Schema>>

interface BlockSchema<Properties extends Keys> extends Schema<BlockOf<Properties>> {
  readonly properties: Properties
}

/** The type of what a schema describes. */
export type ValueOf<Described extends Schema> =
  Described extends Schema<infer Value> ? Value : never

type BlockOf<Properties extends Keys> = {
  readonly [Name in keyof Properties as Properties[Name] extends Optional ? never : Name]: ValueOf<
    Properties[Name]
  >
} & {
  readonly [Name in keyof Properties as Properties[Name] extends Optional ? Name : never]?: ValueOf<
    Properties[Name]
  >
}

interface Wording {
  readonly description: string
  readonly expected?: string
  readonly default?: unknown
}

interface Range {
  readonly minimum?: number
  readonly maximum?: number
}

const numberText = String.raw`^\s*[+-]?\d[\d_]*(\.\d+)?([eE][+-]?\d+)?\s*$`
const flagText = '^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$'
const placeholderText = String.raw`\$\{|^os\.environ/`

/** A key that may be absent. */
export function optional<Described extends Schema>(schema: Described): Described & Optional {
  return { ...schema, [optionalMark]: true }
}

/** A number, a number in quotes, or a placeholder for one. */
export function number(wording: Wording & Range): Schema<number> {
  return {
    type: ['number', 'string'],
    pattern: `${numberText}|${placeholderText}`,
    expected: 'a number',
    minimum: 0,
    ...wording,
  }
}

export function integer(wording: Wording & Range): Schema<number> {
  return { ...number({ expected: 'a whole number', ...wording }), type: ['integer', 'string'] }
}

/** Longest duration: beyond some weeks a timer would fire at once. */
const week = 7 * 24 * 3600

/** Seconds, as LiteLLM writes every duration. */
export function seconds(wording: Wording): Schema<number> {
  return number({
    expected: 'a number of seconds above 0, at most a week',
    minimum: 0.001,
    maximum: week,
    ...wording,
  })
}

/** As seconds, and 0. */
export function secondsOrNone(wording: Wording): Schema<number> {
  return number({
    expected: 'a number of seconds from 0, at most a week',
    maximum: week,
    ...wording,
  })
}

/** `true` or `false`; YAML 1.1's `yes` and `on` too. */
export function flag(wording: Wording): Schema<boolean> {
  return {
    type: ['boolean', 'string'],
    pattern: `${flagText}|${placeholderText}`,
    expected: 'true or false',
    ...wording,
  }
}

export function text(wording: Wording & { readonly pattern?: string }): Schema<string> {
  return { type: 'string', expected: 'text', ...wording }
}

export function oneOf<const Word extends string>(
  words: readonly Word[],
  wording: Wording,
): Schema<Word> {
  return { type: 'string', enum: [...words], expected: `one of ${words.join(', ')}`, ...wording }
}

export function listOf<Item extends Schema>(item: Item, wording: Wording): ListSchema<Item> {
  return { type: 'array', items: item, expected: 'a list', ...wording }
}

/** One of several kinds of value. */
export function either<Members extends readonly Schema[]>(
  members: Members,
  wording: Wording,
): Schema<ValueOf<Members[number]>> {
  return { anyOf: members, ...wording }
}

export const nothing: Schema<null> = { type: 'null' }

/** A mapping whose keys the user chooses. */
export function mapOf<Item extends Schema>(
  item: Item,
  wording: Wording,
): Schema<Record<string, ValueOf<Item>>> {
  return { type: 'object', additionalProperties: item, expected: 'keys and values', ...wording }
}

/** A mapping given on as it is. */
export function anyMap(wording: Wording): Schema<Record<string, unknown>> {
  return { type: 'object', additionalProperties: true, expected: 'keys and values', ...wording }
}

/** A block of ours: a key that is not in it is an error. */
export function ourBlock<Properties extends Keys>(
  properties: Properties,
  wording: Wording,
): BlockSchema<Properties> {
  return {
    type: 'object',
    ...requiredOf(properties),
    properties,
    additionalProperties: false,
    expected: 'keys and values',
    ...wording,
  }
}

/** A block of LiteLLM's: further keys are looked up among LiteLLM's own and warned about. */
export function litellmBlock<Properties extends Keys>(
  name: string,
  properties: Properties,
  wording: Wording,
): BlockSchema<Properties> {
  return { ...ourBlock(properties, wording), additionalProperties: true, block: name }
}

function requiredOf(properties: Keys): { readonly required?: string[] } {
  const isNeeded = (key: string) => !(optionalMark in (properties[key] ?? {}))
  const required = Object.keys(properties).filter(isNeeded)
  return required.length === 0 ? {} : { required }
}
