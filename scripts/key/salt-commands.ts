import { listOf, type Command } from './commands.ts'
import type { Told } from './client.ts'

/** What can be done about the salt key. */
export const saltCommands: Readonly<Record<string, Command>> = {
  async salt(_, client) {
    const told = await client.get('/salt/status')
    return { told, words: showSalt(told) }
  },
  async 'rotate-salt'(_, client) {
    const told = await client.post('/salt/rotate', {})
    const count = Number(told['resealed'] ?? 0)
    const words = `${count} of the stored models and credentials were sealed anew under the present salt key.`
    return { told, words: `${words}\n\n${showSalt(told)}` }
  },
}

function showSalt(told: Told): string {
  const lines = listOf(told['salt_keys']).map(({ id, is_current: isCurrent, in_use_by: count }) => {
    const uses = `${Number(count)} keys, models and credentials hang on it`
    const advice =
      isCurrent === true
        ? 'the present one'
        : Number(count) === 0
          ? 'a former one: take it out of SALT_KEY'
          : 'a former one: it must stay behind the present one in SALT_KEY'
    return `  ${String(id)}  ${uses}; ${advice}`
  })
  const advice = told['what_to_do']
  return [
    'Salt keys by their names, which say nothing of them:',
    ...lines,
    ...(typeof advice === 'string' ? ['', advice] : []),
  ].join('\n')
}
