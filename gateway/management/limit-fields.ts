import { faultOfName } from '../../modules/module-name.ts'
import { zoneOf } from '../../modules/time-zone.ts'
import { isObject } from '../../modules/json-object.ts'
import {
  count,
  dollars,
  duration,
  either,
  field,
  json,
  jsonMap,
  listOf,
  mapOf,
  name,
  oneOf,
  unfit,
  type Field,
} from './field.ts'
import type { Fields } from './read-fields.ts'

const mostBytes = 16 * 1024

const oneBudget = block({ max_budget: dollars, budget_duration: duration })

/** Amounts by LiteLLM's names; what is null is not limited. */
export const amounts = {
  max_budget: dollars,
  soft_budget: dollars,
  budget_duration: duration,
  budget_limits: listOf(oneBudget, { most: 10 }),
  rpm_limit: count,
  tpm_limit: count,
  rpd_limit: count,
  tpd_limit: count,
  max_parallel_requests: count,
} as const satisfies Fields

const modelBudget = block({
  max_budget: dollars,
  budget_limit: dollars,
  budget_duration: duration,
  time_period: duration,
  rpm_limit: count,
  tpm_limit: count,
})

/** Amounts of single models. */
export const modelAmounts = {
  model_rpm_limit: mapOf(count),
  model_tpm_limit: mapOf(count),
  model_max_budget: mapOf(either(asBudget(dollars), modelBudget)),
} as const satisfies Fields

const moduleName: Field<string> = field('the name of a module', (raw) =>
  typeof raw === 'string' && faultOfName(raw) === undefined ? raw : unfit,
)

const zone: Field<string> = field('a time zone such as UTC or America/Los_Angeles', (raw) =>
  typeof raw === 'string' && raw.length <= 64 ? (zoneOf(raw) ?? unfit) : unfit,
)

const weight: Field<number> = field('a number from 0.01 to 1000', (raw) =>
  typeof raw === 'number' && raw >= 0.01 && raw <= 1000 ? raw : unfit,
)

/** Everything that limits a key, user or team, and what is told of it. */
export const limits = {
  ...amounts,
  ...modelAmounts,
  models: listOf(name()),
  modules: listOf(moduleName, { most: 200 }),
  module_limits: mapOf(block(amounts)),
  timezone: zone,
  queue_weight: weight,
  tags: listOf(name(), { most: 100 }),
  metadata: jsonMap(mostBytes),
} as const satisfies Fields

/** Fields that LiteLLM has and we do not act on: kept, and given back. */
export function passive<const Name extends string>(
  names: readonly Name[],
): { readonly [N in Name]: Field } {
  const fields: Partial<Record<string, Field>> = {}
  for (const each of names) fields[each] = json(mostBytes)
  return hasAll(fields, names) ? fields : unreachable()
}

/** A route as LiteLLM writes it: the name of a group, or a path with stars. */
export const routes = listOf(name(), { most: 200 })

export const keyType = oneOf(['default', 'llm_api', 'management', 'read_only'])

/** A mapping of just these fields; what else stands there is kept nowhere, and told of. */
export function block(fields: Fields): Field<Readonly<Record<string, unknown>>> {
  const names = Object.keys(fields)
  const expected = `keys and values (${names.join(', ')})`
  return {
    expected,
    read(raw, at, faults) {
      if (!isObject(raw)) return faults.refuse(at, expected, raw)
      const entries: [string, unknown][] = []
      for (const [key, value] of Object.entries(raw)) {
        const inner = Object.hasOwn(fields, key) ? fields[key] : undefined
        if (!inner) faults.ignore(key, names, `${at}.`)
        if (!inner || value === null) continue
        const read = inner.read(value, `${at}.${key}`, faults)
        if (read === unfit) return unfit
        entries.push([key, read])
      }
      return Object.fromEntries(entries)
    },
  }
}

// LiteLLM once wrote a model's budget as a bare number.
function asBudget(amount: Field<number>): Field<Readonly<Record<string, unknown>>> {
  return {
    expected: amount.expected,
    read(raw, at, faults) {
      const read = amount.read(raw, at, faults)
      return read === unfit ? unfit : { max_budget: read }
    },
  }
}

function hasAll<Name extends string>(
  fields: Partial<Record<string, Field>>,
  names: readonly Name[],
): fields is Record<Name, Field> {
  return names.every((each) => fields[each] !== undefined)
}

function unreachable(): never {
  throw new Error('a field was made for each name')
}
