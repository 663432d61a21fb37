import { ask } from './ask.ts'
import type { Connection } from './connection.ts'
import { timed } from './transaction.ts'

/** Values that several models share; what they are is sealed. */
export interface StoredCredential {
  readonly name: string
  readonly sealed: string
  readonly info: Readonly<Record<string, unknown>>
}

/** A model that was added while gateways run; its `litellm_params` are sealed. */
export interface StoredModel {
  readonly id: string
  /** Which modules serve it; empty: all that take stored models. */
  readonly modules: readonly string[]
  readonly modelName: string
  readonly sealed: string
  /** `model_info`. */
  readonly info: Readonly<Record<string, unknown>>
  readonly isBlocked: boolean
  /** ISO 8601. */
  readonly createdAt: string
  readonly createdBy: string | null
  readonly updatedAt: string
  readonly updatedBy: string | null
}

export type NewModel = Omit<StoredModel, 'createdAt' | 'createdBy' | 'updatedAt' | 'updatedBy'>

const timeoutMs = 5000
const away =
  'Stored models and credentials cannot be read or changed: the database is away or not configured. `GET /health/readiness` says which; ask again.'

const modelColumns = `id, modules, model_name as "modelName", sealed, info, is_blocked as "isBlocked",
  to_json(created_at)#>>'{}' as "createdAt", created_by as "createdBy",
  to_json(updated_at)#>>'{}' as "updatedAt", updated_by as "updatedBy"`

/** Models and credentials in Postgres. All throw `storage_unavailable` while it is away. */
export class StoredModels {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  credentials(): Promise<readonly StoredCredential[]> {
    return this.#ask('select name, sealed, info from colonnade.credentials order by name', [])
  }

  async credential(name: string): Promise<StoredCredential | undefined> {
    const found = await this.#ask<StoredCredential>(
      'select name, sealed, info from colonnade.credentials where name = $1',
      [name],
    )
    return found[0]
  }

  /** False: there is one of this name already. */
  async addCredential({ name, sealed, info }: StoredCredential, by: string): Promise<boolean> {
    const added = await this.#ask(
      `insert into colonnade.credentials (name, sealed, info, created_by, updated_by)
       values ($1, $2, $3, $4, $4) on conflict do nothing returning name`,
      [name, sealed, info, by],
    )
    return added.length > 0
  }

  /** False: there is none of this name, or it was changed by somebody else since `before` was read. */
  async changeCredential(
    { name, sealed, info }: StoredCredential,
    before: StoredCredential,
    by: string,
  ): Promise<boolean> {
    const changed = await this.#ask(
      `update colonnade.credentials set sealed = $2, info = $3, updated_at = now(), updated_by = $4
       where name = $1 and sealed = $5 returning name`,
      [name, sealed, info, by, before.sealed],
    )
    return changed.length > 0
  }

  async removeCredential(name: string): Promise<boolean> {
    const gone = await this.#ask(
      'delete from colonnade.credentials where name = $1 returning name',
      [name],
    )
    return gone.length > 0
  }

  models(): Promise<readonly StoredModel[]> {
    return this.#ask(`select ${modelColumns} from colonnade.models order by created_at, id`, [])
  }

  async model(id: string): Promise<StoredModel | undefined> {
    const found = await this.#ask<StoredModel>(
      `select ${modelColumns} from colonnade.models where id = $1`,
      [id],
    )
    return found[0]
  }

  /** Undefined: there is one of this id already. */
  async addModel(model: NewModel, by: string): Promise<StoredModel | undefined> {
    const added = await this.#ask<StoredModel>(
      `insert into colonnade.models (id, modules, model_name, sealed, info, is_blocked, created_by, updated_by)
       values ($1, $2, $3, $4, $5, $6, $7, $7) on conflict do nothing returning ${modelColumns}`,
      valuesOf(model, by),
    )
    return added[0]
  }

  /** Undefined: there is none of this id, or it was changed by somebody else since `before` was read. */
  async changeModel(
    model: NewModel,
    before: StoredModel,
    by: string,
  ): Promise<StoredModel | undefined> {
    const changed = await this.#ask<StoredModel>(
      `update colonnade.models set modules = $2, model_name = $3, sealed = $4, info = $5, is_blocked = $6,
         updated_at = now(), updated_by = $7
       where id = $1 and sealed = $8 returning ${modelColumns}`,
      [...valuesOf(model, by), before.sealed],
    )
    return changed[0]
  }

  async removeModel(id: string): Promise<boolean> {
    const gone = await this.#ask('delete from colonnade.models where id = $1 returning id', [id])
    return gone.length > 0
  }

  #ask<Row extends object>(sql: string, values: unknown[]): Promise<readonly Row[]> {
    return ask(this.#connection, away, async (pool) => {
      const { rows } = await pool.query<Row>(timed(sql, values, timeoutMs))
      return rows
    })
  }
}

function valuesOf(model: NewModel, by: string): unknown[] {
  const { id, modules, modelName, sealed, info, isBlocked } = model
  return [id, modules, modelName, sealed, info, isBlocked, by]
}
