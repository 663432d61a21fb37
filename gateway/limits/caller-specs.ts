import { createHash } from 'node:crypto'

import type { Holder, LimitSettings } from '../auth/access.ts'
import type { CounterSpec, Window } from './counter.ts'
import { windowOfDuration } from './duration-window.ts'

/** What a caller's limit is counted in. */
export type CallerUnit = 'requests' | 'tokens' | 'nano'

/** One amount that a holder may use up. */
export interface CallerSpec extends CounterSpec {
  readonly unit: CallerUnit
  /** `minute`, `day`; of a budget its duration, empty where it is for good. */
  readonly per: string
  /** Spend from which on its owner is warned. */
  readonly softNano?: number
}

/** What of a holder's limits holds together: for everything, for one model or pattern, or on one module. */
export interface Scope {
  /** Whom it limits, for messages: `key sk-...aB3d for model gpt-4`. */
  readonly of: string
  /** Absent: whatever the model. */
  readonly model?: string
  readonly specs: readonly CallerSpec[]
  /** Requests at once. */
  readonly places?: { readonly key: string; readonly total: number }
}

/** How limits are counted, beside what they are. */
export interface CallerRules {
  /** Scopes of other modules are left out. */
  readonly module: string
  readonly onOutage: 'allow' | 'deny'
  readonly releaseUnsettledAfterMs: number | undefined
}

/** Larger amounts could not be added up exactly. */
export const mostNano = 9_000_000_000_000_000

/**
 * Everything that is counted of a holder on a module. Keys are the same on every replica and every module, so what they
 * count holds across all of them.
 */
export function scopesOf(holder: Holder, rules: CallerRules): Scope[] {
  const { kind, id, label, limits, ofModels, ofModules } = holder
  const name = `caller:${kind}:${partOf(id)}`
  const onModule = Object.hasOwn(ofModules, rules.module) ? ofModules[rules.module] : undefined
  const create = (key: string, of: string, settings: LimitSettings, model?: string): Scope => ({
    of,
    ...(model !== undefined && { model }),
    specs: specsOf(key, settings, zoneOf(holder), rules),
    ...(settings.atOnce !== undefined && { places: { key, total: settings.atOnce } }),
  })
  const scopes = [
    create(name, label, limits),
    ...Object.entries(ofModels).map(([model, settings]) =>
      create(`${name}:model:${partOf(model)}`, `${label} for model ${model}`, settings, model),
    ),
  ]
  if (onModule) {
    const key = `${name}:module:${partOf(rules.module)}`
    scopes.push(create(key, `${label} on module ${rules.module}`, onModule))
  }
  return scopes.filter(({ specs, places }) => specs.length > 0 || places !== undefined)
}

function specsOf(
  key: string,
  settings: LimitSettings,
  timeZone: string,
  { onOutage, releaseUnsettledAfterMs }: CallerRules,
): CallerSpec[] {
  const { requestsPerMinute, tokensPerMinute, requestsPerDay, tokensPerDay } = settings
  const minute: Window = { kind: 'rolling', periodMs: 60_000 }
  const day: Window = { kind: 'calendar', per: 'day', minuteOfDay: 0, timeZone }
  const rates = [
    ['requests', 'minute', requestsPerMinute, minute],
    ['tokens', 'minute', tokensPerMinute, minute],
    ['requests', 'day', requestsPerDay, day],
    ['tokens', 'day', tokensPerDay, day],
  ] as const
  const common = {
    mayRest: true,
    keepsSpare: true,
    onOutage,
    ...(releaseUnsettledAfterMs !== undefined && { releaseUnsettledAfterMs }),
  }
  return [
    ...rates.flatMap(([unit, per, amount, window]) =>
      amount === undefined
        ? []
        : [{ key: `${key}:${unit}:${per}`, unit, per, amount: whole(amount), window, ...common }],
    ),
    ...moneyOf(settings).map(({ per, amount, softNano }) => ({
      key: `${key}:nano:${per || 'ever'}`,
      unit: 'nano' as const,
      per,
      amount: whole(amount),
      window: windowOfDuration(per || undefined, timeZone),
      ...(softNano !== undefined && { softNano }),
      ...common,
      // What only warns refuses nobody.
      ...(amount === mostNano && { onOutage: 'allow' as const }),
    })),
  ]
}

interface Money {
  readonly per: string
  amount: number
  softNano?: number
}

/** Budgets, one of each duration: the smallest. A soft one alone is counted like one that is never used up. */
function moneyOf({ budgets = [], softBudgetNano }: LimitSettings): Money[] {
  const all = new Map<string, Money>()
  for (const { nano, duration: per = '' } of budgets) {
    const known = all.get(per)
    if (known) known.amount = Math.min(known.amount, nano)
    else all.set(per, { per, amount: nano })
  }
  if (softBudgetNano !== undefined) {
    const [first] = all.values()
    if (first) first.softNano = softBudgetNano
    else all.set('', { per: '', amount: mostNano, softNano: softBudgetNano })
  }
  return [...all.values()]
}

function whole(amount: number): number {
  return Math.min(mostNano, Math.max(0, Math.floor(amount)))
}

const longestPart = 200

// Names may hold what separates parts of a key, and may be as long as their owners like.
function partOf(name: string): string {
  const written = encodeURIComponent(name.toWellFormed())
  if (written.length <= longestPart) return written
  return `sha256-${createHash('sha256').update(name).digest('hex')}`
}

function zoneOf({ timeZone }: Holder): string {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
