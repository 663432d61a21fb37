import { readModule } from '../../../modules/read-module.ts'
import type { Module } from '../../../modules/module.ts'
import type { Holder, KeyAccess, LimitSettings } from '../../../gateway/auth/access.ts'
import type { CallerAsk } from '../../../gateway/limits/caller-gate.ts'
import { CallerGates } from '../../../gateway/limits/caller-gates.ts'
import { SlotBook } from '../../../gateway/limits/slot-book.ts'
import type { Replica } from './set-up-ledger.ts'

/** A module of this name, with these general settings. */
export function moduleOf(name: string, general: Record<string, unknown> = {}): Module {
  const model = { model_name: 'm', litellm_params: { model: 'openai/m', api_key: 'none' } }
  const { module, faults } = readModule(
    JSON.stringify({ model_list: [model], general_settings: general }),
    { file: `${name}.yaml`, name, environment: () => undefined },
  )
  if (!module) throw new Error(JSON.stringify(faults))
  return module
}

export function holder(
  kind: Holder['kind'],
  id: string,
  limits: LimitSettings,
  more: Partial<Holder> = {},
): Holder {
  const label = kind === 'key' ? `key sk-...${id}` : `${kind} ${id}`
  return { kind, id, label, timeZone: 'UTC', limits, ofModels: {}, ofModules: {}, ...more }
}

export function accessOf(...holders: readonly Holder[]): KeyAccess {
  return {
    id: 'k',
    name: 'sk-...k',
    alias: 'the key',
    userId: undefined,
    teamId: undefined,
    role: 'none',
    adminOf: [],
    expiresAtMs: undefined,
    blocked: undefined,
    modules: [],
    modelLists: [],
    routes: [],
    aliases: {},
    tags: [],
    queueWeight: 1,
    holders,
  }
}

export function ask(more: Partial<CallerAsk> = {}): CallerAsk {
  return { id: 'x', model: 'm', tokens: 0, nano: 0, patienceMs: 5000, ...more }
}

/** The book of limits of one process. */
export function gatesOf(
  replica: Replica,
  wallClock = () => Date.now(),
): CallerGates & { warned: string[] } {
  const warned: string[] = []
  const gates = new CallerGates({
    openCounters: () => replica.counters,
    openSlots: () => new SlotBook(replica.now),
    now: replica.now,
    wallClock,
    log: { warn: (_, message) => void warned.push(message) },
  })
  return Object.assign(gates, { warned })
}
