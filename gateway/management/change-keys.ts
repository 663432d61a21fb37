import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { keysFields, oneKeyFields, updateKeyFields } from './account-fields.ts'
import { withWarnings, type Answer, type Ask } from './ask.ts'
import { changedKey, findForChange, mayChange, shownAfter } from './key-change.ts'
import { shownKey } from './key-parts.ts'
import { need, readFields, type Sent } from './read-fields.ts'

/** `POST /key/update`: what is sent changes, what is null is cleared. */
export async function updateKey(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(updateKeyFields, ask.body)
  const row = await findForChange(ask, await namedKey(ask, sent))
  const { columns, said } = await changedKey(ask, row, sent)
  const updated = await ask.accounts.keys.update(row.id, columns, ask.actor.name)
  return withWarnings({ key: sent.key ?? row.id, ...(await shownAfter(ask, updated)) }, [
    ...warnings,
    ...said,
  ])
}

const mostAtOnce = 500

/** `POST /key/bulk_update {keys: [{key, …}]}`: each by itself; what fails is told and changes nothing. */
export async function bulkUpdateKeys(ask: Ask): Promise<Answer> {
  const { keys } = ask.body
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostAtOnce) {
    throw new GatewayError(
      'invalid_request',
      `keys: expected a list of 1 to ${mostAtOnce} changes, each with its key`,
      { param: 'keys' },
    )
  }
  const successes: unknown[] = []
  const failures: unknown[] = []
  for (const body of keys) {
    if (!isObject(body)) {
      failures.push({ key: null, failed_reason: 'expected keys and values' })
      continue
    }
    try {
      const info = await ask.accounts.apart(() => updateKey({ ...ask, body }))
      successes.push({ key: body['key'] ?? null, key_info: info })
    } catch (error) {
      if (!(error instanceof GatewayError) || error.status >= 500) throw error
      failures.push({ key: body['key'] ?? null, failed_reason: error.message })
    }
  }
  return {
    total_requested: keys.length,
    successful_updates: successes,
    failed_updates: failures,
  }
}

/** `POST /key/delete {keys}` or `{key_aliases}`: all of them, or none. */
export async function deleteKeys(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(keysFields, ask.body)
  const { accounts, actor, house } = ask
  const keys = sent.keys ?? []
  const aliases = sent.key_aliases ?? []
  if (keys.length + aliases.length === 0)
    need(undefined, 'keys', "at least one of 'keys' or 'key_aliases'")
  const ids = keys.map((key) => house.keyIdsOf(key))
  const rows = await accounts.keys.find({ ids: ids.flat(), aliases }, true)
  const missing = [
    ...keys.filter((_, index) => rows.every(({ id }) => !ids[index]?.includes(id))).map(shownKey),
    ...aliases.filter((alias) => rows.every((row) => row.alias !== alias)),
  ]
  if (missing.length > 0) {
    throw new GatewayError(
      'not_found',
      `Key not found: there is none such as ${missing.slice(0, 5).join(', ')}. Nothing was deleted.`,
      { param: keys.length > 0 ? 'keys' : 'key_aliases' },
    )
  }
  for (const row of rows) mayChange(actor, row, 'delete')
  await accounts.keys.remove({ ids: rows.map(({ id }) => id) }, actor.name)
  return withWarnings({ deleted_keys: keys.length > 0 ? keys : rows.map(({ id }) => id) }, warnings)
}

/** `POST /key/block` and `/key/unblock`. */
export function blockKey(isBlocked: boolean): (ask: Ask) => Promise<Answer> {
  return async (ask) => {
    const { sent, warnings } = readFields(oneKeyFields, ask.body)
    const row = await findForChange(ask, need(sent.key, 'key', 'a key, or its token'))
    const updated = await ask.accounts.keys.update(row.id, { ...row, isBlocked }, ask.actor.name)
    return withWarnings(await shownAfter(ask, updated), warnings)
  }
}

async function namedKey({ accounts }: Ask, sent: Sent<typeof updateKeyFields>): Promise<string> {
  if (sent.key) return sent.key
  // LiteLLM's newer versions find a key by its alias too.
  const [row] = sent.key_alias ? await accounts.keys.find({ aliases: [sent.key_alias] }) : []
  return need(row?.id, 'key', 'a key, its token, or the key_alias of one')
}
