import {
  historyOf,
  statement,
  type Queries,
  type RowHistory,
  type SettingsJson,
} from './row-text.ts'

/** Limits under a name, for whoever refers to it. */
export interface BudgetRow extends RowHistory {
  readonly id: string
  readonly settings: SettingsJson
}

const columns = `b.id, b.settings, ${historyOf('b')}`

/** Stores a new budget; undefined where there is one of this id. */
export async function addBudget(
  queries: Queries,
  id: string,
  settings: SettingsJson,
  by: string,
): Promise<BudgetRow | undefined> {
  const { rows } = await queries.query<BudgetRow>(
    statement(
      `insert into colonnade.budgets as b (id, settings, created_by, updated_by) values ($1, $2, $3, $3)
       on conflict (id) do nothing returning ${columns}`,
      [id, JSON.stringify(settings), by],
    ),
  )
  return rows[0]
}

/** Writes a budget anew; undefined where there is none. */
export async function updateBudget(
  queries: Queries,
  id: string,
  settings: SettingsJson,
  by: string,
): Promise<BudgetRow | undefined> {
  const { rows } = await queries.query<BudgetRow>(
    statement(
      `update colonnade.budgets as b set settings = $2, updated_by = $3, updated_at = now()
       where b.id = $1 returning ${columns}`,
      [id, JSON.stringify(settings), by],
    ),
  )
  return rows[0]
}

/** Budgets by id; `isForChange` keeps others from changing them meanwhile. */
export async function findBudgets(
  queries: Queries,
  ids: readonly string[],
  isForChange = false,
): Promise<readonly BudgetRow[]> {
  const { rows } = await queries.query<BudgetRow>(
    statement(
      `select ${columns} from colonnade.budgets b where b.id = any($1::text[]) order by b.id
       ${isForChange ? 'for update' : ''}`,
      [ids],
    ),
  )
  return rows
}

const mostBudgets = 10_000

/** All budgets, the newest first. */
export async function listBudgets(queries: Queries): Promise<readonly BudgetRow[]> {
  const { rows } = await queries.query<BudgetRow>(
    statement(
      `select ${columns} from colonnade.budgets b order by b.created_at desc, b.id limit ${mostBudgets}`,
    ),
  )
  return rows
}

/** Deletes a budget; whoever refers to it loses its limits. */
export async function removeBudget(queries: Queries, id: string): Promise<BudgetRow | undefined> {
  const { rows } = await queries.query<BudgetRow>(
    statement(`delete from colonnade.budgets b where b.id = $1 returning ${columns}`, [id]),
  )
  return rows[0]
}
