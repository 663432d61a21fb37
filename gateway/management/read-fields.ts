import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { Faults, unfit, type Field, type ValueOf } from './field.ts'

export type Fields = Readonly<Record<string, Field>>

/** What was sent, by field. Null: it was said to be nothing, which clears it; absent: nothing was said. */
export type Sent<F extends Fields> = { readonly [Name in keyof F]?: ValueOf<F[Name]> | null }

export interface Read<F extends Fields> {
  readonly sent: Sent<F>
  /** About names that nobody knows: they are kept nowhere. */
  readonly warnings: readonly string[]
}

const mostNamed = 10

/** Reads what was sent by its fields. Throws `invalid_request` with all that is wrong. */
export function readFields<F extends Fields>(fields: F, raw: unknown): Read<F> {
  if (!isObject(raw)) {
    throw new GatewayError(
      'invalid_request',
      `Expected a JSON object as the request body, found ${Array.isArray(raw) ? 'a list' : 'something else'}.`,
    )
  }
  const faults = new Faults()
  const entries: [string, unknown][] = []
  for (const [name, value] of Object.entries(raw)) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (field === undefined) faults.ignore(name, Object.keys(fields))
    // Clients leave forms empty: LiteLLM takes that for nothing.
    else if (value === null || value === '') entries.push([name, null])
    else {
      const read = field.read(value, name, faults)
      if (read !== unfit) entries.push([name, read])
    }
  }
  refuse(faults)
  const sent: unknown = Object.fromEntries(entries)
  if (!isRead(fields, sent)) throw new Error('a body that was read is no object')
  return { sent, warnings: faults.warnings }
}

/** What must be there. */
export function need<Value>(value: Value | null | undefined, at: string, what: string): Value {
  if (value !== null && value !== undefined) return value
  throw new GatewayError('invalid_request', `${at}: expected ${what}, found nothing`, { param: at })
}

function refuse({ list }: Faults): void {
  const [first] = list
  if (first === undefined) return
  const messages = list.slice(0, mostNamed).map(({ message }) => message)
  const more = list.length > mostNamed ? [`and ${list.length - mostNamed} more`] : []
  throw new GatewayError('invalid_request', [...messages, ...more].join('; '), { param: first.at })
}

// Each entry was read by its field.
function isRead<F extends Fields>(_fields: F, value: unknown): value is Sent<F> {
  return isObject(value)
}
