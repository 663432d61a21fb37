import type { CustomerSource } from '../auth/customer-book.ts'
import type { CustomerLimitsRow } from '../auth/read-customer.ts'
import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import { timed } from './transaction.ts'

const timeoutMs = 10_000
/** More are not held in memory. */
const most = 100_000

/** Customers who are blocked or limited, as they stand in Postgres. */
export class CustomerLimits implements CustomerSource {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get place(): string | undefined {
    const { pool } = this.#connection
    return pool && `${pool.options.host}:${pool.options.port}/${pool.options.database}`
  }

  findLimited(ids: readonly string[] | undefined): Promise<readonly CustomerLimitsRow[]> {
    return ask(
      this.#connection,
      'Customers cannot be looked up: the database is away.',
      async (pool) => {
        const { rows } = await pool.query<CustomerLimitsRow>(
          timed(
            `select c.id, c.alias, c.is_blocked as "isBlocked", c.settings,
             case when b.id is not null
               then json_build_object('id', b.id, 'settings', b.settings) end as budget
           from colonnade.customers c left join colonnade.budgets b on b.id = c.budget_id
           where (c.is_blocked or b.id is not null or c.settings <> '{}')
             and ($1::text[] is null or c.id = any($1))
           order by c.updated_at desc limit $2`,
            [ids ?? null, most],
            timeoutMs,
          ),
        )
        return rows
      },
    )
  }
}
