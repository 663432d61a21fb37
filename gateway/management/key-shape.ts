import type { BudgetRow } from '../storage/budgets.ts'
import type { DeletedKeyRow } from '../storage/key-lists.ts'
import type { KeyRow } from '../storage/keys.ts'
import { budgetTableOf } from './budget-shape.ts'
import { shownMetadata, withoutOwn } from './settings.ts'
import { nothingSpent, type Spent } from './spend-of.ts'

type Shape = Readonly<Record<string, unknown>>

const blank = {
  models: [],
  aliases: {},
  config: {},
  router_settings: null,
  agent_id: null,
  project_id: null,
  organization_id: null,
  permissions: {},
  max_parallel_requests: null,
  tpm_limit: null,
  rpm_limit: null,
  tpd_limit: null,
  rpd_limit: null,
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  budget_limits: null,
  model_spend: {},
  model_max_budget: {},
  budget_fallbacks: null,
  allowed_cache_controls: [],
  allowed_routes: [],
  key_type: null,
  policies: [],
  access_group_ids: [],
  auto_rotate: false,
  rotation_interval: null,
  rotation_count: 0,
  modules: [],
  module_limits: {},
  tags: null,
  timezone: null,
} as const

/** A key by LiteLLM's names; never the key itself. */
export function keyShape(row: KeyRow, spent: Spent = nothingSpent, budget?: BudgetRow): Shape {
  const settings = withoutOwn(row.settings)
  return {
    ...blank,
    ...settings,
    token: row.id,
    key_name: row.name,
    key_alias: row.alias,
    user_id: row.userId,
    team_id: row.teamId,
    budget_id: row.budgetId,
    metadata: shownMetadata(settings),
    blocked: row.isBlocked,
    expires: row.expiresAt,
    spend: spent.dollars,
    total_spend: spent.totalDollars,
    budget_reset_at: spent.resetAt,
    created_at: row.createdAt,
    created_by: row.createdBy,
    updated_at: row.updatedAt,
    updated_by: row.updatedBy,
    litellm_budget_table: budget ? budgetTableOf(budget) : null,
  }
}

/** The same without its token: what stands beside it. */
export function keyInfo(row: KeyRow, spent?: Spent, budget?: BudgetRow): Shape {
  const { token: _, ...info } = keyShape(row, spent, budget)
  return info
}

/** A new key: the one answer in which the key itself stands. */
export function newKeyShape(key: string, row: KeyRow, spent: Spent, budget?: BudgetRow): Shape {
  return { key, token_id: row.id, ...keyShape(row, spent, budget) }
}

export function deletedKeyShape(row: DeletedKeyRow): Shape {
  return {
    ...blank,
    ...row.settings,
    token: row.id,
    key_name: row.name,
    key_alias: row.alias,
    user_id: row.userId,
    team_id: row.teamId,
    metadata: shownMetadata(row.settings),
    created_at: row.createdAt,
    deleted_at: row.deletedAt,
    deleted_by: row.deletedBy,
  }
}
