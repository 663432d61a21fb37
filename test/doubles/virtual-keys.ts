import { createDigest, createVirtualKey, nameOf } from '../../gateway/auth/virtual-key.ts'
import type { TestDatabase } from './postgres.ts'

export interface NewKey {
  readonly settings?: unknown
  readonly teamId?: string
  readonly userId?: string
  readonly expiresAt?: string
}

/** Writes virtual keys straight into a database, whose gateways have this salt key. */
export function keysIn(database: Pick<TestDatabase, 'query'>, saltKey: string) {
  const digestOf = createDigest(saltKey)
  return {
    digestOf,
    /** Makes a key and gives it. */
    async add({ settings = {}, teamId, userId, expiresAt }: NewKey = {}): Promise<string> {
      const key = createVirtualKey()
      await database.query(
        `insert into colonnade.keys (id, name, settings, team_id, user_id, expires_at)
         values ($1, $2, $3, $4, $5, $6)`,
        [digestOf(key), nameOf(key), JSON.stringify(settings), teamId, userId, expiresAt],
      )
      return key
    },
    async remove(key: string): Promise<void> {
      await database.query('delete from colonnade.keys where id = $1', [digestOf(key)])
    },
    async addTeam(id: string, settings: unknown = {}): Promise<void> {
      await database.query('insert into colonnade.teams (id, settings) values ($1, $2)', [
        id,
        JSON.stringify(settings),
      ])
    },
    async addUser(id: string, role = 'internal_user', settings: unknown = {}): Promise<void> {
      await database.query('insert into colonnade.users (id, role, settings) values ($1, $2, $3)', [
        id,
        role,
        JSON.stringify(settings),
      ])
    },
  }
}
