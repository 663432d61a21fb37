import { isObject } from '../../modules/json-object.ts'

const each = Symbol('each')

/** A key of an object, a place in a list, or each item of it. */
type Step = string | number | typeof each

/** A part of a request field that is left out: `tools[*].input_examples`. */
export interface DropPath {
  readonly field: string
  readonly steps: readonly Step[]
}

/** Reads a path; undefined for the name of a whole field. */
export function readDropPath(written: string): DropPath | undefined {
  const [field = '', ...steps] = [...written.matchAll(/([^.[\]]+)|\[(\*|\d+)\]/g)].map(
    ([, key, place]): Step => key ?? (place === '*' ? each : Number(place)),
  )
  return typeof field === 'string' && steps.length > 0 ? { field, steps } : undefined
}

/** The value without what stands at the path; the very same value where nothing does. */
export function withoutPath(value: unknown, [step, ...rest]: readonly Step[]): unknown {
  if (step === undefined) return value
  if (typeof step === 'string') return isObject(value) ? withoutKey(value, step, rest) : value
  if (!Array.isArray(value)) return value
  const list: readonly unknown[] = value
  const isMeant = (index: number) => step === each || step === index
  if (rest.length === 0) {
    const kept = list.filter((_, index) => !isMeant(index))
    return kept.length === list.length ? list : kept
  }
  const items = list.map((item, index) => (isMeant(index) ? withoutPath(item, rest) : item))
  return items.some((item, index) => item !== list[index]) ? items : list
}

function withoutKey(
  value: Readonly<Record<string, unknown>>,
  key: string,
  rest: readonly Step[],
): unknown {
  if (!Object.hasOwn(value, key)) return value
  if (rest.length > 0) {
    const inner = withoutPath(value[key], rest)
    return inner === value[key] ? value : { ...value, [key]: inner }
  }
  const { [key]: _, ...others } = value
  return others
}
