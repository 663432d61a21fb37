import { Type } from 'typebox'
import type { TProperties, TSchema } from 'typebox'

/** Words in messages: `expected a number of seconds`. */
export interface Wording {
  readonly description: string
  readonly expected?: string
  readonly default?: unknown
}

const numberText = String.raw`^\s*[+-]?\d[\d_]*(\.\d+)?([eE][+-]?\d+)?\s*$`
const flagText = '^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|[Nn]o|[Oo]n|[Oo]ff)$'
const placeholderText = String.raw`\$\{|^os\.environ/`

/** A number, a number in quotes, or a placeholder for one. */
export function number(wording: Wording & { minimum?: number; maximum?: number }) {
  return Type.Unsafe<number>({
    type: ['number', 'string'],
    pattern: `${numberText}|${placeholderText}`,
    expected: 'a number',
    minimum: 0,
    ...wording,
  })
}

export function integer(wording: Wording & { minimum?: number; maximum?: number }) {
  return Type.Unsafe<number>({
    type: ['integer', 'string'],
    pattern: `${numberText}|${placeholderText}`,
    expected: 'a whole number',
    minimum: 0,
    ...wording,
  })
}

/** Longest duration: beyond some weeks a timer would fire at once. */
const week = 7 * 24 * 3600

/** Seconds, as LiteLLM writes every duration. */
export function seconds(wording: Wording) {
  return number({
    expected: 'a number of seconds above 0, at most a week',
    minimum: 0.001,
    maximum: week,
    ...wording,
  })
}

/** As seconds, and 0. */
export function secondsOrNone(wording: Wording) {
  return number({
    expected: 'a number of seconds from 0, at most a week',
    maximum: week,
    ...wording,
  })
}

/** `true` or `false`; YAML 1.1's `yes` and `on` too. */
export function flag(wording: Wording) {
  return Type.Unsafe<boolean>({
    type: ['boolean', 'string'],
    pattern: `${flagText}|${placeholderText}`,
    expected: 'true or false',
    ...wording,
  })
}

export function text(wording: Wording & { pattern?: string }) {
  return Type.String({ expected: 'text', ...wording })
}

export function oneOf<Word extends string>(words: readonly Word[], wording: Wording) {
  return Type.Unsafe<Word>({
    type: 'string',
    enum: [...words],
    expected: `one of ${words.join(', ')}`,
    ...wording,
  })
}

export function listOf<Item extends TSchema>(item: Item, wording: Wording) {
  return Type.Array(item, { expected: 'a list', ...wording })
}

/** A mapping whose keys the user chooses. */
export function mapOf<Item extends TSchema>(item: Item, wording: Wording) {
  return Type.Unsafe<Record<string, Type.Static<Item>>>({
    type: 'object',
    additionalProperties: item,
    expected: 'keys and values',
    ...wording,
  })
}

/** A mapping given on as it is. */
export function anyMap(wording: Wording) {
  return Type.Unsafe<Record<string, unknown>>({
    type: 'object',
    additionalProperties: true,
    expected: 'keys and values',
    ...wording,
  })
}

/** A block of ours: a key that is not in it is an error. */
export function ourBlock<Keys extends TProperties>(keys: Keys, wording: Wording) {
  return Type.Object(keys, { additionalProperties: false, expected: 'keys and values', ...wording })
}

/** A block of LiteLLM's: further keys are looked up among LiteLLM's own and warned about. */
export function litellmBlock<Keys extends TProperties>(name: string, keys: Keys, wording: Wording) {
  return Type.Object(keys, {
    additionalProperties: true,
    block: name,
    expected: 'keys and values',
    ...wording,
  })
}
