import type { Accounts } from './accounts.ts'
import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import { inTransaction } from './transaction.ts'
import { Turns } from './turns.ts'

const timeoutMs = 10_000

const away =
  'Keys, teams, users and budgets cannot be read or changed: the database is away. `GET /health/readiness` says why; ask again when it is back.'
const notConfigured =
  'Keys, teams, users and budgets stand in a database, and none is configured: set DATABASE_URL to a Postgres (npm start brings its own; in a cluster `npm run synth` writes it into the secrets).'

/** Keys, teams, users, budgets and customers: read and changed in Postgres alone. */
export class AccountStore {
  readonly #connection: Connection
  // Requests that are served need connections of the same pool.
  readonly #turns = new Turns({ most: 2, mostWaiting: 200 })

  readonly #saltId: () => string | undefined

  /** `saltId` names the salt key that new virtual keys are made under. */
  constructor(connection: Connection, saltId: () => string | undefined) {
    this.#connection = connection
    this.#saltId = saltId
  }

  /**
   * Does work in one transaction: all of its changes hold, or none. Throws `storage_unavailable` where Postgres is
   * away, and `invalid_request` where a name is taken.
   */
  async inOne<T>(work: (accounts: Accounts) => Promise<T>): Promise<T> {
    // Few gateways are asked for this, and none at once.
    const [{ accountsOf }, { refuseConflict }] = await Promise.all([
      import('./accounts.ts'),
      import('./name-conflicts.ts'),
    ])
    const words = this.#connection.wasConfigured ? away : notConfigured
    return this.#turns.take(() =>
      ask(this.#connection, words, (pool) =>
        inTransaction(pool, timeoutMs, (client) =>
          work(accountsOf(client, this.#saltId())).catch(refuseConflict),
        ),
      ),
    )
  }
}
