import type { FastifyBaseLogger } from 'fastify'

import type { Configuration } from './configuration.ts'
import { CallerGates } from './limits/caller-gates.ts'
import { createCounters, type RunningCounters } from './limits/counters.ts'
import { Gates } from './limits/create-gates.ts'
import { firstLedger } from './limits/desk-ledger.ts'
import { SlotBook } from './limits/slot-book.ts'
import { SlotLeases } from './limits/slot-leases.ts'
import type { SlotLedger } from './limits/slot-ledger.ts'
import type { Storage } from './storage/storage.ts'

interface LimitParts {
  readonly storage: Storage
  /** Shares places among the workers where no database does. */
  readonly deskSlots: SlotLedger | undefined
  readonly configuration: Pick<Configuration, 'serving'>
  readonly log: FastifyBaseLogger
}

/** Everything in this process that is bounded: what callers may use, and what deployments take. */
export interface Limits {
  readonly callers: CallerGates
  readonly gates: Gates
  /** Gives back what is leased, while the database is still at hand. True: the ledger knows all that was used. */
  close(withinMs: number): Promise<boolean>
}

export function createLimits({ storage, deskSlots, configuration, log }: LimitParts): Limits {
  const now = () => performance.now()
  const wallClock = () => Date.now()
  const slotLedger = firstLedger(storage.slots, deskSlots)
  const callerSlotLedger = firstLedger(storage.callerSlots, deskSlots)
  let counters: RunningCounters | undefined
  // One process is one owner of leases.
  const openCounters = () =>
    (counters ??= createCounters({ ledger: storage.counterLedger, now, wallClock, log }))
  // What callers may have at once is never more, unless the module says so.
  const isStrict = () => configuration.serving?.module.general.onDatabaseOutage !== 'allow'
  const callers = new CallerGates({
    openCounters,
    openSlots: () => new SlotBook(now, new SlotLeases(callerSlotLedger, now, log, isStrict)),
    now,
    wallClock,
    log,
  })
  const gates = new Gates({
    openCounters,
    openSlots: () => new SlotBook(now, new SlotLeases(slotLedger, now, log)),
    now,
  })
  return {
    callers,
    gates,
    async close(withinMs) {
      await Promise.all([callers.close(), gates.close(withinMs)])
      await counters?.close(withinMs)
      return counters?.isTold ?? true
    },
  }
}
