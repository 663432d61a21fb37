import { isObject } from '../../modules/json-object.ts'
import { UsageError, type KeyArguments } from './arguments.ts'
import { AskError, type Client, type Told } from './client.ts'
import { keyFieldsOf } from './fields.ts'
import { showKey, showKeys, showNewKey } from './show.ts'

/** What a command has to say: the answer as it came, and in words. */
interface Said {
  readonly told: Told
  readonly words: string
}

export type Command = (asked: KeyArguments, client: Client) => Promise<Said>

/** What can be done with keys. */
export const keyCommands: Readonly<Record<string, Command>> = {
  async new({ said, names }, client) {
    if (names.length > 0)
      throw new UsageError(`What is ${names[0]} to be? Say --name ${names[0]}, or --team.`)
    const told = await client.post('/key/generate', keyFieldsOf(said))
    return { told, words: showNewKey(told) }
  },
  async list({ said }, client) {
    const told = await client.get('/key/list', {
      return_full_object: 'true',
      size: '100',
      team_id: said.team,
      user_id: said.user,
      key_alias: said.name,
      status: said.state,
      page: said.page,
    })
    return { told, words: showKeys(listOf(told['keys']), told) }
  },
  async info(asked, client) {
    const token = await oneKey(asked, client)
    const told = await client.get('/key/info', { key: token })
    const info = isObject(told['info']) ? told['info'] : {}
    return { told, words: showKey({ ...info, token }) }
  },
  async update(asked, client) {
    const fields = keyFieldsOf(asked.said)
    if (Object.keys(fields).length === 0)
      throw new UsageError('Say what is to change, such as --budget 5usd/month or --rpm none.')
    const told = await client.post('/key/update', { ...fields, key: await oneKey(asked, client) })
    return { told, words: `Changed.\n\n${showKey(told)}` }
  },
  async replace(asked, client) {
    const body = { ...keyFieldsOf(asked.said), key: await oneKey(asked, client) }
    const grace = asked.said.grace === undefined ? {} : { grace_period: asked.said.grace }
    const told = await client.post('/key/regenerate', { ...body, ...grace })
    const old =
      asked.said.grace === undefined
        ? 'The old key no longer works.'
        : `The old key works for another ${asked.said.grace}.`
    return { told, words: `${showNewKey(told)}\n${old}` }
  },
  async delete({ names }, client) {
    const keys = await tokensOf(names, client)
    const told = await client.post('/key/delete', { keys })
    return {
      told,
      words: `Deleted ${plural(keys.length, 'key')}: they stop working within a second.`,
    }
  },
  block: ({ names }, client) => eachKey(names, client, 'block'),
  unblock: ({ names }, client) => eachKey(names, client, 'unblock'),
}

async function eachKey(
  names: readonly string[],
  client: Client,
  way: 'block' | 'unblock',
): Promise<Said> {
  const keys = await tokensOf(names, client)
  const told: Told[] = []
  for (const key of keys) told.push(await client.post(`/key/${way}`, { key }))
  const words = `${way === 'block' ? 'Blocked' : 'Unblocked'} ${plural(keys.length, 'key')}.`
  return { told: told.length === 1 ? (told[0] ?? {}) : { keys: told }, words }
}

async function oneKey({ names, command }: KeyArguments, client: Client): Promise<string> {
  if (names.length > 1) throw new UsageError(`${command} takes one key at a time.`)
  const [token = ''] = await tokensOf(names, client)
  return token
}

async function tokensOf(names: readonly string[], client: Client): Promise<string[]> {
  if (names.length === 0)
    throw new UsageError('Which key? Name it by its name, its token, or itself.')
  const tokens: string[] = []
  for (const name of names) tokens.push(await tokenOf(name, client))
  return tokens
}

/** A key's token, where people call it by a name. */
async function tokenOf(name: string, client: Client): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(name)) return name
  if (/^sk-\S{13,}$/.test(name)) return tokenOfRaw(name, client)
  const told = await client.get('/key/list', {
    key_alias: name,
    return_full_object: 'true',
    size: '100',
  })
  const keys = listOf(told['keys'])
  const found = keys.find((key) => key['key_alias'] === name)
  const token = found?.['token']
  if (typeof token === 'string') return token
  const near = keys.map((key) => key['key_alias']).join(', ')
  throw new AskError(
    `There is no key of the name ${name}.${near === '' ? ' npm run key -- list shows those there are.' : ` There are ${near}.`}`,
  )
}

// Asked once, in a body: from then on its token stands for it, so that the key comes back in no answer.
async function tokenOfRaw(key: string, client: Client): Promise<string> {
  const told = await client.post('/v2/key/info', { keys: [key] })
  const token = listOf(told['info'])[0]?.['token']
  if (typeof token === 'string') return token
  throw new AskError('There is no such key. npm run key -- list shows those there are.')
}

/** The objects of a list. */
export function listOf(value: unknown): readonly Told[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** `2 keys`. */
export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}
