import { durationMs } from '../../modules/duration.ts'
import { createVirtualKey, nameOf } from '../auth/virtual-key.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyColumns, KeyRow } from '../storage/keys.ts'
import { regenerateFields, resetFields } from './account-fields.ts'
import { iso, withWarnings, type Answer, type Ask } from './ask.ts'
import { changedKey, findForChange } from './key-change.ts'
import { findBudget } from './key-parts.ts'
import { newKeyShape } from './key-shape.ts'
import { need, readFields } from './read-fields.ts'
import { textsIn } from './settings.ts'
import { settingsWithSpend, spendOf } from './spend-of.ts'

/**
 * `POST /key/regenerate` and `/key/{key}/regenerate`: another key in place of one, with all its rights, limits and
 * what is used of them. The old one ends at once, or after `grace_period`.
 */
export async function regenerateKey(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(regenerateFields, ask.body)
  const { accounts, actor, house } = ask
  house.requireKeys()
  const named = ask.pathKey ?? sent.key ?? actor.keyId
  const row = await findForChange(ask, need(named, 'key', 'the key that is to be replaced'))
  const { columns, said } = await changedKey(ask, row, sent)
  const key = sent.new_key ?? createVirtualKey()
  if (sent.new_key) house.requireFreeKey(sent.new_key)
  const id = house.newKeyId(key)
  const next: KeyColumns = {
    ...columns,
    name: nameOf(key),
    settings: {
      ...columns.settings,
      counted_as: row.settings['counted_as'] ?? row.id,
      former_tokens: [...new Set([row.id, ...textsIn(row.settings, 'former_tokens')])].slice(0, 50),
    },
  }
  const graceMs = durationMs(sent.grace_period ?? undefined)
  if (graceMs === undefined) await accounts.keys.remove({ ids: [row.id] }, actor.name)
  else await keepForAWhile(ask, row, graceMs)
  const updated = await accounts.keys.add(id, next, actor.name, row)
  const budget = await findBudget(accounts, updated.budgetId)
  const spent = await spendOf({ accounts, house }, 'key', [
    { id, settings: updated.settings, budget: budget?.settings },
  ])
  return withWarnings(newKeyShape(key, updated, spent(id), budget), [...warnings, ...said])
}

/** `POST /key/{key}/reset_spend {reset_to}`: at most what has been spent. */
export async function resetSpend(ask: Ask): Promise<Answer> {
  const { sent, warnings } = readFields(resetFields, ask.body)
  const { accounts, house, actor } = ask
  const to = need(sent.reset_to, 'reset_to', 'US dollars from 0 to what has been spent')
  const row = await findForChange(ask, need(ask.pathKey, 'key', 'a key, or its token'))
  const budget = await findBudget(accounts, row.budgetId)
  const spender = { id: row.id, settings: row.settings, budget: budget?.settings }
  const before = (await spendOf({ accounts, house }, 'key', [spender]))(row.id)
  if (to > before.dollars) {
    throw new GatewayError(
      'invalid_request',
      `reset_to: expected at most the $${before.dollars} that were spent, found ${to}`,
      { param: 'reset_to' },
    )
  }
  const settings = await settingsWithSpend({ accounts, house }, 'key', spender, to)
  const updated = await accounts.keys.update(row.id, { ...row, settings }, actor.name)
  return withWarnings(
    {
      key_hash: updated.id,
      spend: to,
      previous_spend: before.dollars,
      max_budget: updated.settings['max_budget'] ?? null,
      budget_reset_at: before.resetAt,
    },
    warnings,
  )
}

/** The old key for a while beside the new one: the same limits, counted together. */
async function keepForAWhile(ask: Ask, row: KeyRow, graceMs: number): Promise<void> {
  const { accounts, actor, house } = ask
  const endsAt = iso(house.now() + graceMs)
  const expiresAt = row.expiresAt !== null && row.expiresAt < endsAt ? row.expiresAt : endsAt
  const counted = row.settings['counted_as'] ?? row.id
  const settings = { ...row.settings, counted_as: counted }
  await accounts.keys.update(row.id, { ...row, alias: null, settings, expiresAt }, actor.name)
}
