import { isObject } from '../../modules/json-object.ts'
import { nearestNames } from '../../modules/nearest-name.ts'
import { withoutSecrets } from '../../modules/secret-shapes.ts'

/** Stands for a value that does not fit; what is wrong with it is among the faults. */
export const unfit = Symbol('unfit')

// What was meant as a key is shown to nobody.
const isSecret = /(^|_)(keys?|password)(\[|$)/

/** What is wrong with a body: all of it, so that it is mended at once. */
export class Faults {
  readonly list: { readonly at: string; readonly message: string }[] = []
  /** About names that nobody knows: they are kept nowhere. */
  readonly warnings: string[] = []

  refuse(at: string, expected: string, raw: unknown): typeof unfit {
    const found = isSecret.test(at) ? 'something else' : shown(raw)
    this.list.push({ at, message: `${at}: expected ${expected}, found ${found}` })
    return unfit
  }

  /** Tells of a name that is none of these, with the nearest of them. */
  ignore(key: string, known: readonly string[], within = ''): void {
    if (this.warnings.length >= mostWarnings) return
    const [near] = nearestNames(key, known, 1)
    const hint = near === undefined ? '' : `; did you mean ${near}?`
    const word = withoutSecrets(key.slice(0, 60))
    this.warnings.push(`unknown field ${within}${word}: it is kept nowhere${hint}`)
  }
}

/** How one value is read; what is null or absent never gets here. */
export interface Field<Value = unknown> {
  /** Words in messages: `a whole number from 0 on`. */
  readonly expected: string
  read(raw: unknown, at: string, faults: Faults): Value | typeof unfit
}

export type ValueOf<F> = F extends Field<infer Value> ? Value : never

const mostWarnings = 10
const longestName = 256
const mostDollars = 9_000_000
const mostNumber = 1_000_000_000_000_000
const mostEntries = 1000
const deepest = 16

// Control characters, and those that show nothing or turn the direction of writing: names must look like what they are.
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}]/u

/** Text for people, on one line. */
export function name(expected = `text of at most ${longestName} characters on one line`) {
  return field(expected, (raw) => {
    if (typeof raw !== 'string' || raw.length === 0 || raw.length > longestName) return unfit
    return unseen.test(raw) || raw.trim() !== raw ? unfit : raw
  })
}

/** A name that things are found by: what looks the same as another spelling must be written in the plain one. */
export function id(what: string): Field<string> {
  const expected = `${what}: at most ${longestName} characters, without blanks at its ends, invisible or compatibility characters`
  return field(expected, (raw) => {
    const text = Number.isSafeInteger(raw) ? String(raw) : raw
    if (typeof text !== 'string' || text.length === 0 || text.length > longestName) return unfit
    return unseen.test(text) || text.trim() !== text || text.normalize('NFKC') !== text
      ? unfit
      : text
  })
}

/** Text that fits a pattern. */
export function textLike(pattern: RegExp, expected: string): Field<string> {
  return field(expected, (raw) =>
    typeof raw === 'string' && raw.length <= longestName && pattern.test(raw) ? raw : unfit,
  )
}

export function oneOf<Word extends string>(words: readonly Word[]): Field<Word> {
  return field(`one of ${words.join(', ')}`, (raw) => words.find((word) => word === raw) ?? unfit)
}

/** US dollars; LiteLLM takes them in quotes too. */
export const dollars: Field<number> = field(`US dollars from 0 to ${mostDollars}`, (raw) => {
  const number = numberOf(raw)
  return number !== undefined && number >= 0 && number <= mostDollars ? number : unfit
})

export const count: Field<number> = field('a whole number from 0 on', (raw) => {
  const number = numberOf(raw)
  if (number === undefined || !Number.isInteger(number)) return unfit
  return number >= 0 && number <= mostNumber ? number : unfit
})

export const flag: Field<boolean> = field('true or false', (raw) => {
  if (typeof raw === 'boolean') return raw
  return raw === 'true' ? true : raw === 'false' ? false : unfit
})

/** `30s`, `30m`, `12h`, `7d`, `2w`, `1mo`. */
export const duration: Field<string> = textLike(
  /^[1-9][0-9]{0,5}(s|m|h|d|w|mo)$/,
  'a duration such as 30s, 30m, 12h, 7d or 1mo',
)

export function listOf<Value>(
  item: Field<Value>,
  { most = mostEntries }: { readonly most?: number } = {},
): Field<readonly Value[]> {
  const expected = `a list of at most ${most}, each ${item.expected}`
  return {
    expected,
    read(raw, at, faults) {
      if (!Array.isArray(raw) || raw.length > most) return faults.refuse(at, expected, raw)
      const values: Value[] = []
      for (const [index, one] of raw.entries()) {
        const value = item.read(one, `${at}[${index}]`, faults)
        if (value === unfit) return unfit
        values.push(value)
      }
      return values
    },
  }
}

/** A mapping whose keys are names. */
export function mapOf<Value>(item: Field<Value>): Field<Readonly<Record<string, Value>>> {
  const expected = `at most ${mostEntries} names, each with ${item.expected}`
  const key = name()
  return {
    expected,
    read(raw, at, faults) {
      if (!isObject(raw) || Object.keys(raw).length > mostEntries)
        return faults.refuse(at, expected, raw)
      const entries: [string, Value][] = []
      for (const [word, one] of Object.entries(raw)) {
        const inner = `${at}.${withoutSecrets(word.slice(0, 60))}`
        if (key.read(word, inner, faults) === unfit) return unfit
        const value = item.read(one, inner, faults)
        if (value === unfit) return unfit
        entries.push([word, value])
      }
      return Object.fromEntries(entries)
    },
  }
}

/** One of two forms: keys and values are of the second. */
export function either<One, Other>(one: Field<One>, other: Field<Other>): Field<One | Other> {
  const expected = `${one.expected}, or ${other.expected}`
  return {
    expected,
    read(raw, at, faults) {
      // Keys and values are of the second form, whatever the first says of them.
      const first = isObject(raw) ? unfit : one.read(raw, at, new Faults())
      if (first !== unfit) return first
      if (isObject(raw)) return other.read(raw, at, faults)
      const second = other.read(raw, at, new Faults())
      return second === unfit ? faults.refuse(at, expected, raw) : second
    },
  }
}

/** One, or a list of them. */
export function oneOrMany<Value>(item: Field<Value>): Field<readonly Value[]> {
  const many = listOf(item)
  return {
    expected: `${item.expected}, or a list of such`,
    read(raw, at, faults) {
      if (Array.isArray(raw)) return many.read(raw, at, faults)
      const one = item.read(raw, at, faults)
      return one === unfit ? unfit : [one]
    },
  }
}

/** JSON that is kept and given back as it is. */
export function json(mostBytes: number): Field {
  const expected = `JSON of at most ${mostBytes / 1024} kB, without NUL characters, at most ${deepest} levels deep`
  return field(expected, (raw) => {
    if (!isKeepable(raw, deepest)) return unfit
    return Buffer.byteLength(JSON.stringify(raw)) > mostBytes ? unfit : raw
  })
}

/** As `json`, and a mapping. */
export function jsonMap(mostBytes: number): Field<Readonly<Record<string, unknown>>> {
  const inner = json(mostBytes)
  const expected = `keys and values; ${inner.expected}`
  return {
    expected,
    read(raw, at, faults) {
      if (!isObject(raw)) return faults.refuse(at, expected, raw)
      return inner.read(raw, at, faults) === unfit ? unfit : raw
    },
  }
}

// Postgres keeps no NUL and no half of a surrogate pair in JSON.
function isKeepable(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isSoundText(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  return Object.entries(value).every(
    ([key, inner]) => isSoundText(key) && isKeepable(inner, depth - 1),
  )
}

function isSoundText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

/** A kind of value that is read in one go. */
export function field<Value>(
  expected: string,
  read: (raw: unknown) => Value | typeof unfit,
): Field<Value> {
  return {
    expected,
    read(raw, at, faults) {
      const value = read(raw)
      return value === unfit ? faults.refuse(at, expected, raw) : value
    },
  }
}

function numberOf(raw: unknown): number | undefined {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined
  if (typeof raw !== 'string' || !/^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,3})?$/i.test(raw))
    return undefined
  const number = Number(raw)
  return Number.isFinite(number) ? number : undefined
}

/** `"soon"`, `a list`: what was sent, short and without secrets. */
function shown(raw: unknown): string {
  if (raw === null || raw === undefined) return 'nothing'
  if (Array.isArray(raw)) return `a list of ${raw.length}`
  if (typeof raw === 'object') return 'keys and values'
  if (typeof raw === 'number' || typeof raw === 'boolean') return `${raw}`
  if (typeof raw !== 'string') return 'another kind of value'
  const text = raw.length > 60 ? `${raw.slice(0, 60)}…` : raw
  return `${JSON.stringify(withoutSecrets(text))}${raw.length > 60 ? ` of ${raw.length} characters` : ''}`
}
