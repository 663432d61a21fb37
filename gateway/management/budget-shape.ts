import type { BudgetRow } from '../storage/budgets.ts'
import type { SettingsJson } from '../storage/row-text.ts'

type Shape = Readonly<Record<string, unknown>>

const blank = {
  max_budget: null,
  soft_budget: null,
  max_parallel_requests: null,
  tpm_limit: null,
  rpm_limit: null,
  tpd_limit: null,
  model_max_budget: null,
  budget_duration: null,
  budget_reset_at: null,
} as const

/** A budget by LiteLLM's names. */
export function budgetShape(row: BudgetRow, resetAt: string | null): Shape {
  return {
    budget_id: row.id,
    ...blank,
    ...row.settings,
    budget_reset_at: resetAt,
    created_at: row.createdAt,
    created_by: row.createdBy,
    updated_at: row.updatedAt,
    updated_by: row.updatedBy,
  }
}

/** A budget as it stands in the answer about whoever has it. */
export function budgetTableOf({ id, settings }: Pick<BudgetRow, 'id' | 'settings'>): Shape {
  const { budget_reset_at: _, ...rest } = blank
  return { budget_id: id, ...rest, ...settings }
}

/** Limits that stand with somebody without a budget's name, in the shape of one; null where there are none. */
export function ownBudgetTable(settings: SettingsJson): Shape | null {
  const own = Object.keys(blank).filter((name) => settings[name] !== undefined)
  if (own.length === 0) return null
  const { budget_reset_at: _, ...rest } = blank
  return {
    budget_id: null,
    ...rest,
    ...Object.fromEntries(own.map((name) => [name, settings[name]])),
  }
}
