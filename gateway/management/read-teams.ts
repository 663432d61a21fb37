import type { TeamFilter } from '../storage/teams.ts'
import type { Answer, Ask } from './ask.ts'
import { keyShape } from './key-shape.ts'
import { orderOf, pageOf } from './pages.ts'
import { shownWith } from './read-keys.ts'
import { shownMembers } from './team-members.ts'
import { findTeam, shownTeam, shownTeams } from './find-teams.ts'

const mostKeys = 1000
const newestFirst = { by: 'created_at', isAscending: false } as const

/** `GET /team/info?team_id=`: the team, its keys, and what its members have. */
export async function teamInfo(ask: Ask): Promise<Answer> {
  const row = await findTeam(ask)
  const { rows } = await ask.accounts.keys.list({ teamId: row.id }, newestFirst, {
    offset: 0,
    limit: mostKeys,
  })
  return {
    team_id: row.id,
    team_info: await shownTeam(ask, row),
    keys: await shownWith(ask, rows, keyShape),
    team_memberships: await shownMembers(
      ask,
      await ask.accounts.members.find({ teamIds: [row.id] }),
    ),
  }
}

/** `GET /team/list`: all of them, with their keys, as LiteLLM lists them. */
export async function listTeams(ask: Ask): Promise<Answer> {
  const page = { offset: 0, limit: mostKeys }
  const { rows } = await ask.accounts.teams.list(filterOf(ask), newestFirst, page)
  const shown = await shownTeams(ask, rows)
  const { rows: keys } = await ask.accounts.keys.list(
    { visible: { teamIds: rows.map(({ id }) => id), id: '' } },
    newestFirst,
    { offset: 0, limit: 10 * mostKeys },
  )
  const ofTeams = Map.groupBy(await shownWith(ask, keys, keyShape), (key) => key['team_id'])
  return shown.map((team) => ({
    ...team,
    keys: ofTeams.get(team['team_id']) ?? [],
    team_memberships: [],
  }))
}

/** `GET /v2/team/list`: page by page, without their keys. */
export async function listTeamPage(ask: Ask): Promise<Answer> {
  const { accounts, query } = ask
  const page = pageOf(query, { sizes: ['page_size', 'size'], usual: 10, most: 100 })
  const order = orderOf(query, accounts.teams.orders)
  const { rows, total } = await accounts.teams.list(filterOf(ask), order, page)
  return {
    teams: await shownTeams(ask, rows),
    total,
    page: page.number,
    page_size: page.limit,
    total_pages: Math.ceil(total / page.limit),
  }
}

function filterOf({ actor, query }: Ask): TeamFilter {
  const id = query.text('team_id')
  const ids = id === undefined ? undefined : [id]
  const own = actor.isViewer ? ids : actor.adminOf.filter((team) => id === undefined || team === id)
  return {
    ids: own,
    userId: query.text('user_id'),
    organizationId: query.text('organization_id'),
    alias: query.text('team_alias'),
  }
}
