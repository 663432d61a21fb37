import { GatewayError } from '../errors/gateway-error.ts'

const longest = 1024

/** The parameters of a question, as they stand in its URL. */
export class Query {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: unknown) {
    this.#values = values !== null && typeof values === 'object' ? { ...values } : {}
  }

  /** Undefined where it is absent or empty. Throws `invalid_request` for one given twice, or without end. */
  text(name: string): string | undefined {
    const value = this.#values[name]
    if (value === undefined || value === '') return undefined
    if (typeof value === 'string' && value.length <= longest && !value.includes('\0')) return value
    throw wrong(name, `one text of at most ${longest} characters`, value)
  }

  /** A day in UTC, `YYYY-MM-DD`; a time behind it is cut off. */
  day(name: string): string | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const day = /^(\d{4}-\d\d-\d\d)([T ].{0,30})?$/.exec(value)?.[1]
    const time = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`)
    if (day !== undefined && !Number.isNaN(time) && new Date(time).toISOString().startsWith(day))
      return day
    throw wrong(name, 'a day such as 2026-01-31', value)
  }

  whole(name: string, fallback: number, [least, most]: readonly [number, number]): number {
    const value = this.text(name)
    if (value === undefined) return fallback
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    if (number >= least && number <= most) return number
    throw wrong(name, `a whole number from ${least} to ${most}`, value)
  }

  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.text(name)
    const word = words.find((one) => one === value)
    if (value === undefined || word !== undefined) return word
    throw wrong(name, `one of ${words.join(', ')}`, value)
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (/^(true|1|yes)$/i.test(value)) return true
    if (/^(false|0|no)$/i.test(value)) return false
    throw wrong(name, 'true or false', value)
  }
}

function wrong(name: string, expected: string, found: unknown): GatewayError {
  const shown = typeof found === 'string' ? JSON.stringify(found.slice(0, 60)) : 'several'
  return new GatewayError('invalid_request', `${name}: expected ${expected}, found ${shown}.`, {
    param: name,
  })
}
