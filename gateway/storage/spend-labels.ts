import type { Queries } from './row-text.ts'
import { timed } from './transaction.ts'

/** What people call a key, those that are deleted too. */
export interface KeyLabel {
  readonly id: string
  readonly name: string
  readonly alias: string | null
  readonly userId: string | null
  readonly teamId: string | null
}

const timeoutMs = 5000

/** Labels of keys by id; ids that never were a key have none. */
export async function findKeyLabels(
  queries: Queries,
  ids: readonly string[],
): Promise<ReadonlyMap<string, KeyLabel>> {
  const columns = 'id, name, alias, user_id as "userId", team_id as "teamId"'
  const { rows } = await queries.query<KeyLabel>(
    timed(
      `select ${columns} from colonnade.deleted_keys where id = any($1)
       union all select ${columns} from colonnade.keys where id = any($1)`,
      [ids],
      timeoutMs,
    ),
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Aliases of teams by id. */
export async function findTeamAliases(
  queries: Queries,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await queries.query<{ id: string; alias: string }>(
    timed(
      'select id, alias from colonnade.teams where id = any($1) and alias is not null',
      [ids],
      timeoutMs,
    ),
  )
  return new Map(rows.map(({ id, alias }) => [id, alias]))
}
