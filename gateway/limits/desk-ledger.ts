import type { DeskAnswer, DeskAsk } from './slot-desk.ts'
import type { SlotLedger, SlotNotice } from './slot-ledger.ts'

/** How a worker reaches the desk in the first process. */
export interface DeskLine {
  readonly isOpen: boolean
  ask(asked: DeskAsk): Promise<DeskAnswer>
  onNotice(listener: (notice: SlotNotice) => void): void
}

/** The places as the workers of one gateway share them, over the line to their first process. */
export function createDeskLedger(line: DeskLine): SlotLedger {
  return {
    get state() {
      return line.isOpen ? 'reachable' : 'away'
    },
    async renew(places) {
      const { holders, held, wishes } = await line.ask({ op: 'renew', places })
      const totals = new Map(places.map(({ key, total }) => [key, total]))
      return {
        holders,
        wishes,
        held: new Map(
          held.map(([key, owned]) => [
            key,
            { owned, usable: Math.min(owned, totals.get(key) ?? 0) },
          ]),
        ),
      }
    },
    claim: async (ask) => (await line.ask({ op: 'claim', ask })).got,
    async withdraw(key) {
      await line.ask({ op: 'withdraw', key })
    },
    async giveBack(key, count) {
      await line.ask({ op: 'give back', key, count })
    },
    onNotice: (listener) => line.onNotice(listener),
    // The desk learns of the end of a worker by itself.
    close: () => Promise.resolve(),
  }
}

/** The first ledger that is there at all. */
export function firstLedger(first: SlotLedger, second: SlotLedger | undefined): SlotLedger {
  if (!second) return first
  const chosen = (): SlotLedger => (first.state === undefined ? second : first)
  return {
    get state() {
      return chosen().state
    },
    renew: (places, options) => chosen().renew(places, options),
    claim: (ask) => chosen().claim(ask),
    withdraw: (key) => chosen().withdraw(key),
    giveBack: (key, count) => chosen().giveBack(key, count),
    onNotice(listener) {
      first.onNotice(listener)
      second.onNotice(listener)
    },
    async close() {
      await first.close()
      await second.close()
    },
  }
}
