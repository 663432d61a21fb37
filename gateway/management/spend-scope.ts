import type { Caller } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { SpendFilter } from '../storage/spend-sums.ts'

/** Whose spend somebody asks about. */
export interface AskedSpenders {
  /** Ids of keys, not the keys. */
  readonly callers?: readonly string[] | undefined
  readonly users?: readonly string[] | undefined
  readonly teams?: readonly string[] | undefined
}

/**
 * The asked spenders, as far as this caller may see them: the master key, admins and viewers everybody; the admin of
 * a team that team; a virtual key itself and its own user. Throws `route_not_allowed` for others.
 */
export function withinScope({ access, isMaster }: Caller, asked: AskedSpenders): SpendFilter {
  if (isMaster || access === undefined || access.role !== 'none') return asked
  const { callers, users, teams } = asked
  const isOfOwnTeams = teams?.length && teams.every((team) => access.adminOf.includes(team))
  if (isOfOwnTeams) return asked
  if (teams?.length) throw notYours('teams you are an admin of')
  const isOwnUser = users?.length && users.every((user) => user === access.userId)
  if (users?.length && !isOwnUser) throw notYours('your own user')
  if (callers && !callers.includes(access.id)) throw notYours('your own key')
  return isOwnUser ? asked : { callers: [access.id] }
}

/** For what is about everybody: the master key, admins and viewers. */
export function requireOverview({ access, isMaster }: Caller): void {
  if (isMaster || access === undefined || access.role !== 'none') return
  throw new GatewayError(
    'route_not_allowed',
    'What all have spent is shown to the master key and to admins: ask /spend/logs for your own.',
  )
}

function notYours(what: string): GatewayError {
  return new GatewayError(
    'route_not_allowed',
    `This key may see the spend of ${what}; the master key and admins see that of all.`,
  )
}
