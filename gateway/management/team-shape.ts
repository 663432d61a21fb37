import type { MemberRow } from '../storage/members.ts'
import type { SettingsJson } from '../storage/row-text.ts'
import type { TeamRow } from '../storage/teams.ts'
import { ownBudgetTable } from './budget-shape.ts'
import { shownMetadata, withoutOwn } from './settings.ts'
import { nothingSpent, type Spent } from './spend-of.ts'

type Shape = Readonly<Record<string, unknown>>

const blank = {
  organization_id: null,
  team_member_permissions: [],
  tpm_limit: null,
  rpm_limit: null,
  rpd_limit: null,
  tpd_limit: null,
  max_parallel_requests: null,
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  budget_limits: null,
  models: [],
  model_spend: {},
  model_max_budget: {},
  router_settings: null,
  access_group_ids: [],
  policies: [],
  modules: [],
  module_limits: {},
  tags: null,
  timezone: null,
} as const

/** A team by LiteLLM's names. */
export function teamShape(
  row: TeamRow,
  members: readonly MemberRow[],
  spent: Spent = nothingSpent,
): Shape {
  const { aliases, ...settings } = withoutOwn(row.settings)
  return {
    team_id: row.id,
    team_alias: row.alias,
    ...blank,
    ...settings,
    metadata: shownMetadata(settings),
    blocked: row.isBlocked,
    spend: spent.dollars,
    total_spend: spent.totalDollars,
    budget_reset_at: spent.resetAt,
    admins: idsOf(members, 'admin'),
    members: idsOf(members, 'user'),
    members_with_roles: members.map(({ userId, email, role }) => ({
      user_id: userId,
      user_email: email,
      role,
    })),
    model_id: null,
    model_aliases: aliases ?? {},
    litellm_model_table: aliases === undefined ? null : { model_aliases: aliases },
    created_at: row.createdAt,
    created_by: row.createdBy,
    updated_at: row.updatedAt,
    updated_by: row.updatedBy,
  }
}

/** What one member may use of its team, by LiteLLM's names. */
export function membershipShape(
  { teamId, userId, budgetId, settings }: MemberRow,
  spent: Spent,
  budget: SettingsJson = {},
): Shape {
  const table = ownBudgetTable({ ...budget, ...settings })
  return {
    user_id: userId,
    team_id: teamId,
    budget_id: budgetId,
    spend: spent.dollars,
    total_spend: spent.totalDollars,
    litellm_budget_table: table && {
      ...table,
      budget_id: budgetId,
      budget_reset_at: spent.resetAt,
    },
  }
}

function idsOf(members: readonly MemberRow[], role: string): readonly string[] {
  return members.filter((member) => member.role === role).map(({ userId }) => userId)
}
