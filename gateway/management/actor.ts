import type { Caller } from '../auth/keyring.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Accounts } from '../storage/accounts.ts'

/** Somebody at the management endpoints, and what they may do there. */
export interface Actor {
  /** For `created_by`: a user, a key's token, or the master key's name. */
  readonly name: string
  /** Changes everything. */
  readonly isAdmin: boolean
  /** Reads everything. */
  readonly isViewer: boolean
  /** Manages these teams and their keys. */
  readonly adminOf: readonly string[]
  /** Of a virtual key: itself, and whose it is. */
  readonly keyId: string | undefined
  readonly userId: string | undefined
}

/** What is needed to be let in at all. What is asked about must lie within one's own teams, or be oneself, besides. */
export type Right = 'change' | 'read' | 'change-team' | 'read-team' | 'read-self'

/** An open gateway has no keys to tell anybody apart by: all are its admins. */
export function actorOf({ id, isMaster, access }: Caller): Actor {
  return {
    name: access?.userId ?? id,
    isAdmin: isMaster || access === undefined || access.role === 'admin',
    isViewer: isMaster || access === undefined || access.role !== 'none',
    adminOf: access?.adminOf ?? [],
    keyId: access?.id,
    userId: access?.userId,
  }
}

const rights: Readonly<Record<Right, (actor: Actor) => boolean>> = {
  change: ({ isAdmin }) => isAdmin,
  read: ({ isViewer }) => isViewer,
  'change-team': ({ isAdmin, adminOf }) => isAdmin || adminOf.length > 0,
  'read-team': ({ isViewer, adminOf }) => isViewer || adminOf.length > 0,
  'read-self': () => true,
}

/** Throws `route_not_allowed` for whom a path is not open. */
export function requireRight(actor: Actor, right: Right, path: string): void {
  if (rights[right](actor)) return
  const who = right.endsWith('-team')
    ? "the master key, a proxy admin's key or the key of a team's admin"
    : "the master key or a proxy admin's key"
  throw notAllowed(
    `${path} is not open to this key: use ${who}. It may ask /key/info about itself.`,
  )
}

/** Throws `route_not_allowed` for a team that somebody does not manage. */
export function requireTeam(actor: Actor, teamId: string | null, what: string): void {
  if (actor.isAdmin || (teamId !== null && actor.adminOf.includes(teamId))) return
  throw notAllowed(
    `This key may not ${what}: it manages ${listed(actor.adminOf)}, and what belongs to ${actor.adminOf.length === 1 ? 'it' : 'them'}, alone.`,
  )
}

/** Throws `route_not_allowed` for fields that only a proxy admin may set. */
export function requireAdminFor(actor: Actor, fields: readonly string[], what: string): void {
  if (actor.isAdmin || fields.length === 0) return
  throw notAllowed(
    `Only the master key or a proxy admin may set ${fields.join(', ')} of ${what}: leave ${fields.length === 1 ? 'it' : 'them'} out.`,
    fields[0],
  )
}

/**
 * Whoever holds a key of a user has that user's rights: the admin of a team may neither make one nor get hold of one
 * that opens more than the team. Throws `route_not_allowed`.
 */
export async function requireNoMoreRights(
  actor: Actor,
  userId: string | null,
  accounts: Accounts,
): Promise<void> {
  if (actor.isAdmin || userId === null || userId === actor.userId) return
  const [user] = await accounts.users.find({ ids: [userId] })
  const memberships = await accounts.members.find({ userIds: [userId] })
  const isInTeam = memberships.some(({ teamId }) => actor.adminOf.includes(teamId))
  const isMore =
    user?.role.startsWith('proxy_admin') ||
    memberships.some(({ teamId, role }) => role === 'admin' && !actor.adminOf.includes(teamId))
  if (isInTeam && !isMore) return
  throw notAllowed(
    isInTeam
      ? "This user's rights go beyond your teams: only the master key or a proxy admin handles its keys."
      : 'This user is in no team of yours: add it with /team/member_add first.',
    'user_id',
  )
}

export function notAllowed(message: string, param?: string): GatewayError {
  return new GatewayError('route_not_allowed', message, param === undefined ? {} : { param })
}

function listed(teams: readonly string[]): string {
  const names = teams.slice(0, 5).join(', ')
  return `the team${teams.length === 1 ? '' : 's'} ${names}${teams.length > 5 ? ', …' : ''}`
}
