import { randomUUID } from 'node:crypto'
import { GatewayError } from '../errors/gateway-error.ts'
import type { BudgetRow } from '../storage/budgets.ts'
import { budgetFields, budgetsFields, oneBudgetFields, settingNames } from './account-fields.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { budgetShape } from './budget-shape.ts'
import { need, readFields } from './read-fields.ts'
import { settingsAfter } from './settings.ts'
import { resetAtOfBudget } from './spend-of.ts'

/** `POST /budget/new`: limits under a name, for keys, members and customers that refer to it. */
export async function newBudget(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(budgetFields, ask.body)
  const id = sent.budget_id ?? randomUUID()
  const settings = settingsAfter({}, sent, settingNames.budget)
  const row = await ask.accounts.budgets.add(id, settings, ask.actor.name)
  if (row) return withWarnings(shown(ask, row), warnings)
  throw new GatewayError(
    'invalid_request',
    `Budget ${id} already exists: use another budget_id, or change it with POST /budget/update.`,
    { param: 'budget_id' },
  )
}

/** `POST /budget/update`: what is sent changes, what is null is cleared. */
export async function updateBudget(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(budgetFields, ask.body)
  const id = need(sent.budget_id, 'budget_id', 'the id of a budget')
  const [before] = await ask.accounts.budgets.find([id], true)
  if (!before) throw noBudget(id)
  const settings = settingsAfter(before.settings, sent, settingNames.budget)
  const row = await ask.accounts.budgets.update(id, settings, ask.actor.name)
  return withWarnings(shown(ask, row ?? before), warnings)
}

/** `POST /budget/info {budgets}`: those of them that are there. */
export async function budgetInfo(ask: Ask): Promise<Answer> {
  const { sent } = readFields(budgetsFields, ask.body)
  const ids = need(sent.budgets, 'budgets', 'a list of ids of budgets')
  if (ids.length === 0) need(undefined, 'budgets', 'at least one id of a budget')
  const rows = await ask.accounts.budgets.find(ids)
  return rows.map((row) => shown(ask, row))
}

/** `POST /budget/delete {id}`: who refers to it loses its limits. */
export async function deleteBudget(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(oneBudgetFields, ask.body)
  const id = need(sent.id, 'id', 'the id of a budget')
  const row = await ask.accounts.budgets.remove(id)
  if (!row) throw noBudget(id)
  return withWarnings(shown(ask, row), warnings)
}

/** `GET /budget/list`. */
export async function listBudgets(ask: Ask): Promise<Answer> {
  const rows = await ask.accounts.budgets.list()
  return rows.map((row) => shown(ask, row))
}

const described = {
  max_budget: ['Float', 'What may be spent, US dollars.'],
  soft_budget: ['Float', 'Spend from which on a warning is given, US dollars.'],
  budget_duration: ['String', 'When spend begins anew: 1d, 7d, 30d, 1mo.'],
  max_parallel_requests: ['Integer', 'Requests at once.'],
  tpm_limit: ['Integer', 'Tokens in any minute.'],
  rpm_limit: ['Integer', 'Requests in any minute.'],
  tpd_limit: ['Integer', 'Tokens in a calendar day.'],
  rpd_limit: ['Integer', 'Requests in a calendar day.'],
  model_max_budget: ['Object', 'Budgets of single models.'],
} as const

/** `GET /budget/settings?budget_id=`: each of its fields, with what it is for and what stands in it. */
export async function budgetSettings(ask: Ask): Promise<Answer> {
  const id = need(ask.query.text('budget_id'), 'budget_id', 'the id of a budget')
  const [row] = await ask.accounts.budgets.find([id])
  if (!row) throw noBudget(id)
  return Object.entries(described).map(([name, [type, description]]) => ({
    field_name: name,
    field_type: type,
    field_description: description,
    field_value: row.settings[name] ?? null,
    stored_in_db: row.settings[name] !== undefined,
    field_default_value: null,
    premium_field: false,
  }))
}

function shown({ house }: Ask, row: BudgetRow) {
  return budgetShape(row, resetAtOfBudget(row.id, row.settings, house))
}

function noBudget(id: string): GatewayError {
  return new GatewayError(
    'not_found',
    `Budget not found: there is no ${id}. GET /budget/list names those there are.`,
    { param: 'budget_id' },
  )
}
