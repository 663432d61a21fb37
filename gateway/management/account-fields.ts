import {
  count,
  dollars,
  duration,
  either,
  flag,
  id,
  listOf,
  mapOf,
  name,
  oneOf,
  oneOrMany,
  textLike,
} from './field.ts'
import { amounts, block, keyType, limits, modelAmounts, passive, routes } from './limit-fields.ts'
import type { Fields } from './read-fields.ts'

const userId = id('the id of a user')
const teamId = id('the id of a team')
const budgetId = id('the id of a budget')
const email = textLike(/^[^\s@,;<>"]{1,64}@[^\s@,;<>"]{1,190}$/, 'an e-mail address')

/** A key as its owner shows it, or its token. */
const rawKey = textLike(/^[\x21-\x7e]{1,256}$/, 'a key (sk-…), or its token')

/** A key that is to be: what headers can carry, and hard enough to guess. */
const newKey = textLike(
  /^sk-[\w.~+/=-]{13,253}$/,
  'a key that begins with sk- and has 16 to 256 letters, digits and - _ . ~ + / =',
)

// `-1` is LiteLLM's word for never.
const lifetime = either(duration, oneOf(['-1']))

/** What a key has of its own: LiteLLM's names. */
const keySettings = {
  ...limits,
  aliases: mapOf(name()),
  permissions: limits.metadata,
  allowed_routes: routes,
  key_type: keyType,
  ...passive([
    'allowed_cache_controls',
    'allowed_passthrough_routes',
    'allowed_vector_store_indexes',
    'access_group_ids',
    'agent_id',
    'auto_rotate',
    'budget_fallbacks',
    'config',
    'end_user_budget_id',
    'enforced_params',
    'guardrails',
    'object_permission',
    'organization_id',
    'policies',
    'project_id',
    'prompts',
    'rotation_interval',
    'router_settings',
    'rpm_limit_type',
    'tpm_limit_type',
  ]),
  temp_budget_increase: dollars,
  temp_budget_expiry: name('a time such as 2026-01-31T00:00:00Z'),
} as const satisfies Fields

const keyColumns = {
  key_alias: name(),
  user_id: userId,
  team_id: teamId,
  budget_id: budgetId,
  duration: lifetime,
  blocked: flag,
  spend: dollars,
  send_invite_email: flag,
} as const satisfies Fields

export const newKeyFields = { ...keySettings, ...keyColumns, key: newKey }
export const updateKeyFields = { ...keySettings, ...keyColumns, key: rawKey }
export const regenerateFields = {
  ...updateKeyFields,
  new_key: newKey,
  grace_period: either(duration, oneOf(['0s', '0'])),
}

const role = oneOf(['admin', 'user'])
const member = block({ user_id: userId, user_email: email, role })

const teamSettings = {
  ...limits,
  team_member_budget: dollars,
  team_member_budget_duration: duration,
  team_member_rpm_limit: count,
  team_member_tpm_limit: count,
  ...passive([
    'access_group_ids',
    'allowed_passthrough_routes',
    'allowed_vector_store_indexes',
    'enforced_batch_output_expires_after',
    'enforced_file_expires_after',
    'guardrails',
    'object_permission',
    'organization_id',
    'policies',
    'prompts',
    'router_settings',
    'rpm_limit_type',
    'secret_manager_settings',
    'team_member_key_duration',
    'team_member_permissions',
    'tpm_limit_type',
  ]),
} as const satisfies Fields

const teamColumns = {
  team_id: teamId,
  team_alias: name(),
  model_aliases: mapOf(name()),
  blocked: flag,
} as const satisfies Fields

export const newTeamFields = {
  ...teamSettings,
  ...teamColumns,
  admins: listOf(userId),
  members: listOf(userId),
  members_with_roles: listOf(member),
}
export const updateTeamFields = { ...teamSettings, ...teamColumns }

export const memberAddFields = {
  team_id: teamId,
  member: oneOrMany(member),
  max_budget_in_team: dollars,
  budget_duration: duration,
  rpm_limit: count,
  tpm_limit: count,
}
export const memberUpdateFields = {
  team_id: teamId,
  user_id: userId,
  user_email: email,
  role,
  max_budget_in_team: dollars,
  budget_duration: duration,
  rpm_limit: count,
  tpm_limit: count,
}
export const memberDeleteFields = { team_id: teamId, user_id: userId, user_email: email }
export const teamModelFields = { team_id: teamId, models: limits.models }
export const teamFields = { team_id: teamId }
export const teamsFields = { team_ids: listOf(teamId) }

export const roles = [
  'proxy_admin',
  'proxy_admin_viewer',
  'internal_user',
  'internal_user_viewer',
] as const

const userSettings = {
  ...limits,
  aliases: mapOf(name()),
  permissions: limits.metadata,
  ...passive([
    'agent_id',
    'allowed_cache_controls',
    'config',
    'guardrails',
    'object_permission',
    'organizations',
    'policies',
    'prompts',
    'sso_user_id',
  ]),
} as const satisfies Fields

const userColumns = {
  user_id: userId,
  user_email: email,
  user_alias: name(),
  user_role: oneOf(roles),
  blocked: flag,
  spend: dollars,
  key_alias: name(),
  duration: lifetime,
  team_id: teamId,
  send_invite_email: flag,
} as const satisfies Fields

const userTeam = block({ team_id: teamId, max_budget_in_team: dollars, user_role: role })

export const newUserFields = {
  ...userSettings,
  ...userColumns,
  teams: listOf(either(teamId, userTeam)),
  auto_create_key: flag,
  key: newKey,
}
export const updateUserFields = { ...userSettings, ...userColumns }
export const usersFields = { user_ids: listOf(userId) }

const budgetSettings = {
  ...amounts,
  ...modelAmounts,
  module_limits: limits.module_limits,
  timezone: limits.timezone,
  ...passive(['allowed_models', 'temp_budget_increase', 'temp_budget_expiry']),
} as const satisfies Fields

// When a budget begins anew follows from its duration: a time that is given is not taken over.
export const budgetFields = {
  ...budgetSettings,
  budget_id: budgetId,
  ...passive(['budget_reset_at']),
}
export const budgetsFields = { budgets: listOf(budgetId) }
export const oneBudgetFields = { id: budgetId }

export const customerFields = {
  ...budgetSettings,
  user_id: id('the id of a customer'),
  alias: name(),
  blocked: flag,
  budget_id: budgetId,
  spend: dollars,
  ...passive(['allowed_model_region', 'budget_reset_at', 'default_model', 'object_permission']),
}
export const customersFields = { user_ids: listOf(id('the id of a customer')) }

export const keysFields = { keys: listOf(rawKey), key_aliases: listOf(name()) }
export const oneKeyFields = { key: rawKey }
export const resetFields = { reset_to: dollars }
/** The names that stand in `settings`, by whose they are. */
export const settingNames = {
  key: Object.keys(keySettings),
  team: Object.keys(teamSettings),
  user: Object.keys(userSettings),
  budget: Object.keys(budgetSettings),
  customer: [
    ...Object.keys(budgetSettings),
    'allowed_model_region',
    'default_model',
    'object_permission',
  ],
} as const
