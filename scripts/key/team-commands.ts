import { isObject } from '../../modules/json-object.ts'
import { UsageError, type KeyArguments } from './arguments.ts'
import { listOf, plural, type Command } from './commands.ts'
import { limitsOf } from './fields.ts'
import { showTeam, showTeams } from './show.ts'

/** What can be done with teams. */
export const teamCommands: Readonly<Record<string, Command>> = {
  async 'team new'(asked, client) {
    const id = asked.names[0] ?? asked.said.team
    const told = await client.post('/team/new', {
      ...(id === undefined ? {} : { team_id: id }),
      ...teamFieldsOf(asked),
    })
    return { told, words: `Made.\n\n${showTeam(told)}` }
  },
  async 'team list'(_, client) {
    const told = await client.get('/team/list')
    return { told, words: showTeams(listOf(told['list'])) }
  },
  async 'team info'(asked, client) {
    const told = await client.get('/team/info', { team_id: oneTeam(asked) })
    const team = isObject(told['team_info']) ? told['team_info'] : {}
    const keys = listOf(told['keys'])
    return { told, words: `${showTeam(team)}\n\n${plural(keys.length, 'key')}` }
  },
  async 'team update'(asked, client) {
    const fields = teamFieldsOf(asked)
    if (Object.keys(fields).length === 0)
      throw new UsageError('Say what is to change, such as --budget 50usd/month or --models none.')
    const told = await client.post('/team/update', { ...fields, team_id: oneTeam(asked) })
    return { told, words: `Changed.\n\n${showTeam(isObject(told['data']) ? told['data'] : {})}` }
  },
  async 'team delete'(asked, client) {
    const ids = asked.names.length > 0 ? asked.names : [oneTeam(asked)]
    const told = await client.post('/team/delete', { team_ids: ids })
    const keys = Array.isArray(told['deleted_keys']) ? told['deleted_keys'].length : 0
    return {
      told,
      words: `Deleted ${plural(ids.length, 'team')}, and ${plural(keys, 'key')} with it.`,
    }
  },
  async 'team block'(asked, client) {
    const told = await client.post('/team/block', { team_id: oneTeam(asked) })
    return { told, words: `Blocked ${oneTeam(asked)}: its keys stop working within a second.` }
  },
  async 'team unblock'(asked, client) {
    const told = await client.post('/team/unblock', { team_id: oneTeam(asked) })
    return { told, words: `Unblocked ${oneTeam(asked)}.` }
  },
  async 'team add'(asked, client) {
    const member = { ...userOf(asked), role: asked.said.role ?? 'user' }
    const { max_budget: budget, budget_duration: duration } = limitsOf(asked.said)
    const told = await client.post('/team/member_add', {
      team_id: oneTeam(asked),
      member,
      ...(budget === undefined ? {} : { max_budget_in_team: budget, budget_duration: duration }),
    })
    return { told, words: showTeam(told) }
  },
  async 'team remove'(asked, client) {
    const told = await client.post('/team/member_delete', {
      team_id: oneTeam(asked),
      ...userOf(asked),
    })
    return { told, words: showTeam(told) }
  },
}

function teamFieldsOf({ said }: KeyArguments): Record<string, unknown> {
  return { ...limitsOf(said), ...(said.name === undefined ? {} : { team_alias: said.name }) }
}

function oneTeam({ names, said, command }: KeyArguments): string {
  const id = names[0] ?? said.team
  if (id === undefined) throw new UsageError('Which team? Name it by its id.')
  if (names.length > 1) throw new UsageError(`${command} takes one team at a time.`)
  return id
}

function userOf({ said }: KeyArguments): Record<string, string> {
  if (said.user === undefined) throw new UsageError('Who? Say --user, an id or an e-mail address.')
  return said.user.includes('@') ? { user_email: said.user } : { user_id: said.user }
}
