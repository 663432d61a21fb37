import type { Holder } from '../auth/access.ts'
import { readLimits } from '../auth/read-limits.ts'
import { toDollars, toNano } from '../accounting/money.ts'
import { scopesOf, type CallerSpec } from '../limits/caller-specs.ts'
import { ledgerKeyOf } from '../limits/create-slice.ts'
import { windowAt } from '../limits/window.ts'
import type { Accounts } from '../storage/accounts.ts'
import type { SettingsJson } from '../storage/row-text.ts'
import { iso, type House } from './ask.ts'
import { numberIn, textIn, textsIn } from './settings.ts'

type Kind = Exclude<Holder['kind'], 'module'>

/** Somebody who spends, with the settings that limit it: its own before those of a budget it refers to. */
export interface Spender {
  readonly id: string
  readonly settings: SettingsJson
  readonly budget?: SettingsJson | undefined
}

export interface Spent {
  /** In the window of its budget that runs; without one ever, or since it was set. */
  readonly dollars: number
  readonly totalDollars: number
  /** When its budget begins anew, ISO 8601. */
  readonly resetAt: string | null
}

interface Places {
  readonly accounts: Accounts
  readonly house: House
}

export const nothingSpent: Spent = { dollars: 0, totalDollars: 0, resetAt: null }

/** What some have spent, by id. */
export async function spendOf(
  { accounts, house }: Places,
  kind: Kind,
  spenders: readonly Spender[],
): Promise<(id: string) => Spent> {
  const ids = spenders.flatMap(idsOf)
  const sums = ids.length === 0 ? new Map<string, number>() : await accounts.spend.of(kind, ids)
  const budgets = new Map(spenders.map((one) => [one.id, renewedBudget(kind, one, house)]))
  const keys = [...budgets.values()].flatMap((budget) => (budget ? ledgerKeyOf(budget) : []))
  const windows = await accounts.spend.ofWindows(keys)
  const spent = new Map<string, Spent>()
  for (const spender of spenders) {
    const totalNano = idsOf(spender).reduce((sum, one) => sum + (sums.get(one) ?? 0), 0)
    const budget = budgets.get(spender.id)
    const shiftNano = numberIn(spender.settings, 'spend_shift_nano') ?? 0
    const nano = budget ? (windows.get(ledgerKeyOf(budget)) ?? 0) : totalNano + shiftNano
    spent.set(spender.id, {
      dollars: toDollars(Math.max(0, nano)),
      totalDollars: toDollars(totalNano),
      resetAt: budget ? resetAtOf(budget, house) : null,
    })
  }
  return (id) => spent.get(id) ?? nothingSpent
}

/** When limits that stand under a budget's name begin anew, ISO 8601; null: never. */
export function resetAtOfBudget(id: string, settings: SettingsJson, house: House): string | null {
  const budget = renewedBudget('key', { id, settings }, house)
  return budget ? resetAtOf(budget, house) : null
}

/**
 * Settings with which somebody has spent so much, in the windows that run and as what it has spent ever; what requests
 * hold that run is not touched.
 */
export async function settingsWithSpend(
  places: Places,
  kind: Kind,
  spender: Spender,
  dollars: number,
): Promise<SettingsJson> {
  const { accounts, house } = places
  const sums = await accounts.spend.of(kind, idsOf(spender))
  const totalNano = [...sums.values()].reduce((sum, nano) => sum + nano, 0)
  const now = house.now()
  const counters = moneyOf(kind, spender, house).map((spec) => {
    const { startMs, endMs } = windowAt(spec.window, now)
    const endsAtMs = Number.isFinite(endMs) ? endMs : null
    return { key: ledgerKeyOf(spec), amount: spec.amount, startsAtMs: startMs, endsAtMs }
  })
  await accounts.spend.setWindows(counters, toNano(dollars))
  return { ...spender.settings, spend_shift_nano: toNano(dollars) - totalNano }
}

/** The budget that its spend is told against: the one under `max_budget`, where that begins anew. */
function renewedBudget(kind: Kind, spender: Spender, house: House): CallerSpec | undefined {
  const settings = { ...spender.budget, ...spender.settings }
  const per = textIn(settings, 'budget_duration')
  if (per === undefined || numberIn(settings, 'max_budget') === undefined) return undefined
  return moneyOf(kind, spender, house).find((spec) => spec.per === per)
}

function moneyOf(kind: Kind, { id, settings, budget }: Spender, house: House): CallerSpec[] {
  const all = { ...budget, ...settings }
  const holder: Holder = {
    kind,
    id: textIn(settings, 'counted_as') ?? id,
    label: kind,
    timeZone: textIn(all, 'timezone') ?? house.timeZone,
    limits: readLimits(all),
    ofModels: {},
    ofModules: {},
  }
  const rules = { module: '', onOutage: 'deny', releaseUnsettledAfterMs: undefined } as const
  return scopesOf(holder, rules).flatMap(({ specs }) => specs.filter(({ unit }) => unit === 'nano'))
}

function resetAtOf({ window }: CallerSpec, house: House): string | null {
  const { endMs } = windowAt(window, house.now())
  return Number.isFinite(endMs) ? iso(endMs) : null
}

// A key that was replaced goes on under another token.
function idsOf({ id, settings }: Spender): readonly string[] {
  return [id, ...textsIn(settings, 'former_tokens')]
}
