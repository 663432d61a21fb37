import { GatewayError } from '../errors/gateway-error.ts'
import type { Accounts } from '../storage/accounts.ts'
import type { MemberRow } from '../storage/members.ts'
import type { TeamRow } from '../storage/teams.ts'
import { requireTeam } from './actor.ts'
import type { Ask } from './ask.ts'
import { need } from './read-fields.ts'
import { spendOf } from './spend-of.ts'
import { teamShape } from './team-shape.ts'

/** A team that must be there, and be managed by who asks. Throws `not_found`, `route_not_allowed`. */
export async function findTeam(
  { accounts, actor, query }: Ask,
  id: string | null | undefined = query.text('team_id'),
  isForChange = false,
): Promise<TeamRow> {
  const named = need(id, 'team_id', 'the id of a team')
  // Whoever may not see a team does not learn whether it is there.
  if (!actor.isViewer || isForChange) requireTeam(actor, named, 'handle other teams')
  const [row] = await accounts.teams.find([named], isForChange)
  if (row) return row
  throw noTeam(named)
}

/** A team with who is in it and what it has spent. */
export async function shownTeam(
  ask: Ask,
  row: TeamRow,
): Promise<Readonly<Record<string, unknown>>> {
  const [shown] = await shownTeams(ask, [row])
  return shown ?? {}
}

/** Teams with who is in them and what they have spent. */
export async function shownTeams(
  { accounts, house }: Pick<Ask, 'accounts' | 'house'>,
  rows: readonly TeamRow[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const members = await membersOf(accounts, rows)
  const spent = await spendOf({ accounts, house }, 'team', rows)
  return rows.map((row) => teamShape(row, members.get(row.id) ?? [], spent(row.id)))
}

async function membersOf(
  accounts: Accounts,
  rows: readonly TeamRow[],
): Promise<ReadonlyMap<string, readonly MemberRow[]>> {
  const members = await accounts.members.find({ teamIds: rows.map(({ id }) => id) })
  return Map.groupBy(members, ({ teamId }) => teamId)
}

export function noTeam(id: string): GatewayError {
  return new GatewayError(
    'not_found',
    `Team not found, passed team_id=${id}. GET /team/list names those there are.`,
    { param: 'team_id' },
  )
}
