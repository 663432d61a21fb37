import { isoOf, statement, type Queries, type SettingsJson } from './row-text.ts'

/** What may be changed of a customer. */
export interface CustomerColumns {
  readonly alias: string | null
  readonly budgetId: string | null
  readonly settings: SettingsJson
  readonly isBlocked: boolean
}

/** An end user of a caller's own application. */
export interface CustomerRow extends CustomerColumns {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
}

const columns = `c.id, c.alias, c.budget_id as "budgetId", c.settings, c.is_blocked as "isBlocked",
  ${isoOf('c.created_at', 'createdAt')}, ${isoOf('c.updated_at', 'updatedAt')}`

/** Stores a new customer; undefined where there is one of this id. */
export async function addCustomer(
  queries: Queries,
  id: string,
  customer: CustomerColumns,
): Promise<CustomerRow | undefined> {
  const { rows } = await queries.query<CustomerRow>(
    statement(
      `insert into colonnade.customers as c (id, alias, budget_id, settings, is_blocked)
       values ($1, $2, $3, $4, $5) on conflict (id) do nothing returning ${columns}`,
      [id, ...valuesOf(customer)],
    ),
  )
  return rows[0]
}

/** Writes a customer anew; undefined where there is none. */
export async function updateCustomer(
  queries: Queries,
  id: string,
  customer: CustomerColumns,
): Promise<CustomerRow | undefined> {
  const { rows } = await queries.query<CustomerRow>(
    statement(
      `update colonnade.customers as c set alias = $2, budget_id = $3, settings = $4, is_blocked = $5,
         updated_at = now() where c.id = $1 returning ${columns}`,
      [id, ...valuesOf(customer)],
    ),
  )
  return rows[0]
}

/** Customers by id; `isForChange` keeps others from changing them meanwhile. */
export async function findCustomers(
  queries: Queries,
  ids: readonly string[],
  isForChange = false,
): Promise<readonly CustomerRow[]> {
  const { rows } = await queries.query<CustomerRow>(
    statement(
      `select ${columns} from colonnade.customers c where c.id = any($1::text[]) order by c.id
       ${isForChange ? 'for update' : ''}`,
      [ids],
    ),
  )
  return rows
}

const mostCustomers = 10_000

/** Customers in order of their ids. */
export async function listCustomers(queries: Queries): Promise<readonly CustomerRow[]> {
  const { rows } = await queries.query<CustomerRow>(
    statement(`select ${columns} from colonnade.customers c order by c.id limit ${mostCustomers}`),
  )
  return rows
}

/** Blocks customers or lets them in again; whoever is not known yet is made known. */
export async function blockCustomers(
  queries: Queries,
  ids: readonly string[],
  isBlocked: boolean,
): Promise<readonly CustomerRow[]> {
  const { rows } = await queries.query<CustomerRow>(
    statement(
      `insert into colonnade.customers as c (id, is_blocked) select id, $2 from unnest($1::text[]) as id
       on conflict (id) do update set is_blocked = $2, updated_at = now() returning ${columns}`,
      [[...new Set(ids)], isBlocked],
    ),
  )
  return rows
}

/** Deletes customers; gives the ids of those there were. */
export async function removeCustomers(
  queries: Queries,
  ids: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await queries.query<{ id: string }>(
    statement('delete from colonnade.customers where id = any($1::text[]) returning id', [ids]),
  )
  return rows.map(({ id }) => id)
}

function valuesOf({ alias, budgetId, settings, isBlocked }: CustomerColumns): unknown[] {
  return [alias, budgetId, JSON.stringify(settings), isBlocked]
}
