import { GatewayError } from '../errors/gateway-error.ts'
import type { CustomerRow } from '../storage/customers.ts'
import { customerFields, customersFields, settingNames } from './account-fields.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { budgetTableOf, ownBudgetTable } from './budget-shape.ts'
import { budgetsOf, findBudget } from './key-parts.ts'
import { need, readFields, type Sent } from './read-fields.ts'
import { settingsAfter } from './settings.ts'
import { settingsWithSpend, spendOf } from './spend-of.ts'

/** `POST /customer/new`: limits of an end user whom callers name by `user`. */
export async function newCustomer(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readSent(ask)
  const id = need(sent.user_id, 'user_id', 'the id of a customer')
  await findBudget(ask.accounts, sent.budget_id)
  const row = await ask.accounts.customers.add(id, {
    alias: sent.alias ?? null,
    budgetId: sent.budget_id ?? null,
    settings: await withSpend(ask, id, settingsAfter({}, sent, settingNames.customer), sent),
    isBlocked: sent.blocked ?? false,
  })
  if (row) return withWarnings(await shownOne(ask, row), warnings)
  throw new GatewayError(
    'invalid_request',
    `Customer already exists, passed user_id=${id}. Please pass a new user_id, or change it with POST /customer/update.`,
    { param: 'user_id' },
  )
}

/** `POST /customer/update`: what is sent changes, what is null is cleared. */
export async function updateCustomer(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readSent(ask)
  const row = await findCustomer(ask, need(sent.user_id, 'user_id', 'the id of a customer'))
  await findBudget(ask.accounts, sent.budget_id)
  const settings = settingsAfter(row.settings, sent, settingNames.customer)
  const updated = await ask.accounts.customers.update(row.id, {
    alias: sent.alias === undefined ? row.alias : sent.alias,
    budgetId: sent.budget_id === undefined ? row.budgetId : sent.budget_id,
    settings: await withSpend(ask, row.id, settings, sent),
    isBlocked: sent.blocked ?? row.isBlocked,
  })
  return withWarnings(await shownOne(ask, updated ?? row), warnings)
}

/** `GET /customer/info?end_user_id=`. */
export async function customerInfo(ask: Ask): Promise<Answer> {
  const id = ask.query.text('end_user_id') ?? ask.query.text('user_id')
  return shownOne(ask, await findCustomer(ask, need(id, 'end_user_id', 'the id of a customer')))
}

/** `GET /customer/list`. */
export async function listCustomers(ask: Ask): Promise<Answer> {
  return shownCustomers(ask, await ask.accounts.customers.list())
}

/** `POST /customer/delete {user_ids}`: all of them or none. */
export async function deleteCustomers(ask: Ask): Promise<Answer> {
  const { ids, warnings } = readIds(ask)
  const found = await ask.accounts.customers.find(ids, true)
  const missing = ids.find((id) => found.every((customer) => customer.id !== id))
  if (missing !== undefined) throw noCustomer(missing)
  await ask.accounts.customers.remove(ids)
  const message = `Successfully deleted customers with ids: ${ids.join(', ')}`
  return withWarnings({ deleted_customers: ids.length, message }, warnings)
}

/** `POST /customer/block` and `/customer/unblock {user_ids}`. */
export function blockCustomers(isBlocked: boolean): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    const { ids, warnings } = readIds(ask)
    const rows = await ask.accounts.customers.block(ids, isBlocked)
    return withWarnings({ blocked_users: await shownCustomers(ask, rows) }, warnings)
  }
}

function readSent({ body }: Ask) {
  const read = readFields(customerFields, body)
  if (read.sent.max_budget && read.sent.budget_id) {
    throw new GatewayError('invalid_request', "Set either 'max_budget' or 'budget_id', not both.", {
      param: 'budget_id',
    })
  }
  return read
}

function readIds({ body }: Ask) {
  const { sent, warnings } = readFields(customersFields, body)
  const ids = need(sent.user_ids, 'user_ids', 'a list of ids of customers')
  if (ids.length === 0) need(undefined, 'user_ids', 'at least one id of a customer')
  return { ids: [...new Set(ids)], warnings }
}

async function findCustomer({ accounts }: Ask, id: string): Promise<CustomerRow> {
  const [row] = await accounts.customers.find([id])
  if (row) return row
  throw noCustomer(id)
}

async function shownOne(ask: Ask, row: CustomerRow) {
  const [shown] = await shownCustomers(ask, [row])
  return shown ?? {}
}

async function shownCustomers({ accounts, house }: Ask, rows: readonly CustomerRow[]) {
  const budgets = await budgetsOf(accounts, rows)
  const spenders = rows.map(({ id, settings, budgetId }) => ({
    id,
    settings,
    budget: budgets(budgetId)?.settings,
  }))
  const spent = await spendOf({ accounts, house }, 'customer', spenders)
  return rows.map(({ id, alias, settings, budgetId, isBlocked }) => {
    const budget = budgets(budgetId)
    return {
      user_id: id,
      alias,
      blocked: isBlocked,
      spend: spent(id).dollars,
      allowed_model_region: settings['allowed_model_region'] ?? null,
      default_model: settings['default_model'] ?? null,
      budget_id: budgetId,
      budget_reset_at: spent(id).resetAt,
      litellm_budget_table: budget ? budgetTableOf(budget) : ownBudgetTable(settings),
    }
  })
}

async function withSpend(
  { accounts, house }: Ask,
  id: string,
  settings: CustomerRow['settings'],
  { spend }: Sent<typeof customerFields>,
): Promise<CustomerRow['settings']> {
  if (spend === null || spend === undefined) return settings
  return settingsWithSpend({ accounts, house }, 'customer', { id, settings }, spend)
}

function noCustomer(id: string): GatewayError {
  return new GatewayError(
    'not_found',
    `End User Id=${id} does not exist in db. GET /customer/list names those there are.`,
    { param: 'user_id' },
  )
}
