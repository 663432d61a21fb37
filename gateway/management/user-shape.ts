import type { UserRow } from '../storage/users.ts'
import { shownMetadata, withoutOwn } from './settings.ts'
import { nothingSpent, type Spent } from './spend-of.ts'

type Shape = Readonly<Record<string, unknown>>

const blank = {
  organization_id: null,
  sso_user_id: null,
  models: [],
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  budget_limits: null,
  max_parallel_requests: null,
  tpm_limit: null,
  rpm_limit: null,
  rpd_limit: null,
  tpd_limit: null,
  model_spend: {},
  model_max_budget: {},
  allowed_cache_controls: [],
  policies: [],
  modules: [],
  module_limits: {},
  timezone: null,
} as const

/** A user by LiteLLM's names. */
export function userShape(
  row: UserRow,
  teamIds: readonly string[],
  spent: Spent = nothingSpent,
): Shape {
  const settings = withoutOwn(row.settings)
  return {
    user_id: row.id,
    user_alias: row.alias,
    user_email: row.email,
    user_role: row.role,
    teams: teamIds,
    ...blank,
    ...settings,
    metadata: shownMetadata(settings),
    blocked: row.isBlocked,
    spend: spent.dollars,
    total_spend: spent.totalDollars,
    budget_reset_at: spent.resetAt,
    created_at: row.createdAt,
    created_by: row.createdBy,
    updated_at: row.updatedAt,
    updated_by: row.updatedBy,
  }
}
