import type { CallerGates } from '../limits/caller-gates.ts'
import type { CallerLimit } from '../limits/holder-limits.ts'
import type { Labels } from './families.ts'
import type { GaugeSource } from './registry.ts'

type Kind = CallerLimit['holder']['holder']['kind']
type Callers = Pick<CallerGates, 'limits' | 'counts'>

/** A series for each of so many holders at most: those that are used now. */
const mostSeries = 5_000

/** What is left of the limits of callers that are in use, read at the scrape. */
export function callerGauges(callers: Callers, now: () => number): GaugeSource[] {
  return [
    ...budgetNames.flatMap((names) => budgetGauges(names, callers, now)),
    leftForModel('requests', callers, now),
    leftForModel('tokens', callers, now),
    {
      name: 'colonnade_soft_budget_exceeded',
      help: '1 while more is spent than the soft budget of a holder.',
      labelNames: ['holder', 'id'],
      acrossWorkers: 'max',
      read: () =>
        callers
          .limits()
          .filter(({ spec }) => spec.softNano !== undefined)
          .slice(0, mostSeries)
          .map(({ holder, spec, counter }) => ({
            labels: { holder: holder.holder.kind, id: holder.holder.id },
            value: counter.used(now()) >= (spec.softNano ?? 0) ? 1 : 0,
          })),
    },
    {
      name: 'colonnade_limit_refusals_total',
      help: 'Requests that a limit of their caller refused.',
      labelNames: ['holder', 'limit'],
      isCounter: true,
      read: () =>
        [...callers.counts.refused.values()].map(({ holder, limit, count }) => ({
          labels: { holder, limit },
          value: count,
        })),
    },
    {
      name: 'colonnade_worst_case_exceeded_total',
      help: 'Requests that used more than was held for them.',
      labelNames: ['unit'],
      isCounter: true,
      read: () =>
        [...callers.counts.exceeded].map(([unit, value]) => ({ labels: { unit }, value })),
    },
  ]
}

interface BudgetNames {
  readonly kind: Kind
  /** LiteLLM's word in names of metrics. */
  readonly word: string
  readonly labelNames: readonly string[]
  labelsOf(holder: CallerLimit['holder']): Labels
}

const none = 'None'

const budgetNames: readonly BudgetNames[] = [
  {
    kind: 'team',
    word: 'team',
    labelNames: ['team', 'team_alias'],
    labelsOf: ({ holder: { id, label } }) => ({
      team: id,
      team_alias: label.replace(/^team /, ''),
    }),
  },
  {
    kind: 'key',
    word: 'api_key',
    labelNames: ['hashed_api_key', 'api_key_alias'],
    labelsOf: keyLabels,
  },
  {
    kind: 'user',
    word: 'user',
    labelNames: ['user'],
    labelsOf: ({ holder: { id } }) => ({ user: id }),
  },
  {
    kind: 'customer',
    word: 'customer',
    labelNames: ['end_user'],
    labelsOf: ({ holder: { id } }) => ({ end_user: id }),
  },
]

function keyLabels({ holder, alias }: CallerLimit['holder']): Labels {
  return { hashed_api_key: holder.id, api_key_alias: alias ?? none }
}

const dollar = 1_000_000_000
const hourMs = 3_600_000

function budgetGauges(
  { kind, word, labelNames, labelsOf }: BudgetNames,
  callers: Callers,
  now: () => number,
): GaugeSource[] {
  const gauge = (
    name: string,
    help: string,
    valueOf: (limit: CallerLimit, at: number) => number,
    acrossWorkers: 'min' | 'max',
  ): GaugeSource => ({
    name,
    help,
    labelNames,
    acrossWorkers,
    read: () =>
      tightestBudgets(kind, callers.limits(), now()).flatMap((limit) => {
        const value = valueOf(limit, now())
        return Number.isFinite(value) ? [{ labels: labelsOf(limit.holder), value }] : []
      }),
  })
  const hours = ({ counter }: CallerLimit, at: number) => counter.state(at).resetsInMs / hourMs
  return [
    gauge(`litellm_remaining_${word}_budget_metric`, 'US dollars left.', dollarsLeft, 'min'),
    gauge(
      `litellm_${word}_max_budget_metric`,
      'US dollars that may be spent.',
      ({ spec }) => spec.amount / dollar,
      'max',
    ),
    gauge(
      `litellm_${word}_budget_remaining_hours_metric`,
      'Hours until the budget begins anew, where it does.',
      hours,
      'min',
    ),
  ]
}

function dollarsLeft({ spec, counter }: CallerLimit, at: number): number {
  return (spec.amount - counter.used(at)) / dollar
}

/** Of each holder the budget that leaves least. */
function tightestBudgets(kind: Kind, limits: readonly CallerLimit[], at: number): CallerLimit[] {
  const least = new Map<CallerLimit['holder'], CallerLimit>()
  for (const limit of limits) {
    const { holder, spec, model } = limit
    if (spec.unit !== 'nano' || holder.holder.kind !== kind || model !== undefined) continue
    const known = least.get(holder)
    if (known && dollarsLeft(known, at) <= dollarsLeft(limit, at)) continue
    if (known || least.size < mostSeries) least.set(holder, limit)
  }
  return [...least.values()]
}

function leftForModel(
  unit: 'requests' | 'tokens',
  callers: Callers,
  now: () => number,
): GaugeSource {
  return {
    name: `litellm_remaining_api_key_${unit}_for_model`,
    help: `What a key's limit of ${unit} a minute with a model leaves.`,
    labelNames: ['hashed_api_key', 'api_key_alias', 'model', 'model_id'],
    acrossWorkers: 'min',
    read: () =>
      callers
        .limits()
        .filter(({ holder, spec }) => holder.holder.kind === 'key' && spec.unit === unit)
        .filter(({ spec, model }) => spec.per === 'minute' && model !== undefined)
        .slice(0, mostSeries)
        .map(({ holder, counter, model = none }) => ({
          labels: { ...keyLabels(holder), model, model_id: none },
          value: Math.max(0, counter.state(now()).remaining),
        })),
  }
}
