import type {
  Ask,
  Gate,
  GateAdmission,
  GateFacts,
  GateReport,
  UpstreamLimits,
  Waiting,
} from './gate.ts'
import { MinuteUse } from './minute-use.ts'
import type { Quotas, QuotasTaken } from './quotas.ts'
import type { Slot, Slots } from './slots.ts'

export interface GateParts {
  readonly quotas: Quotas | undefined
  readonly slots: Slots | undefined
  /** The clock of the times that are handed in; milliseconds. */
  readonly now: () => number
}

/** Quotas and places of one deployment. A call takes its place first, so that one that waits uses up no quota. */
export class DeploymentGate implements Gate {
  readonly #quotas: Quotas | undefined
  readonly #slots: Slots | undefined
  readonly #now: () => number
  readonly #use = new MinuteUse()

  constructor({ quotas, slots, now }: GateParts) {
    this.#quotas = quotas
    this.#slots = slots
    this.#now = now
  }

  facts(now: number): GateFacts {
    return {
      quotaMs: this.#quotas?.usedUpMs(now) ?? 0,
      freeSlots: this.#slots?.free(now),
      slotMs: this.#slots?.slotMs(now),
      queued: this.#slots?.queued,
      minuteRequests: Math.max(this.#use.requests(now), this.#usedOfRate('requests', now)),
      minuteTokens: Math.max(this.#use.tokens(now), this.#usedOfRate('tokens', now)),
    }
  }

  // Of what is limited other replicas' share is known too.
  #usedOfRate(unit: 'requests' | 'tokens', now: number): number {
    return this.#quotas?.usedOfRate(unit, now) ?? 0
  }

  admit(ask: Ask, now: number): GateAdmission | Waiting {
    if (this.#quotas && this.#quotas.usedUpMs(now) > 0) return refused
    const slot = this.#slots?.tryTake(now)
    if (this.#slots && !slot) return this.#waitFor(this.#slots.wait(ask, now), ask)
    const taken = this.#quotas?.tryTake(ask, this.#use.meanTokens, now)
    if (this.#quotas && !taken) return this.#waitFor({ slot, leave: () => undefined }, ask)
    return this.#begin({ ask, slot, taken, now })
  }

  learn(told: UpstreamLimits, now: number): void {
    this.#quotas?.learn(told, now)
  }

  report(now: number): GateReport {
    const slots = this.#slots
    return {
      quotas: this.#quotas?.report(now) ?? [],
      ...(slots && { slots: reportSlots(slots) }),
    }
  }

  #waitFor(waiting: Place, ask: Ask): Waiting {
    const caller: Caller = { hasLeft: false, slot: undefined }
    return {
      admitted: this.#admitLater(waiting, ask, caller),
      leave() {
        caller.hasLeft = true
        waiting.leave()
        caller.slot?.release(0)
      },
    }
  }

  async #admitLater(waiting: Place, ask: Ask, caller: Caller): Promise<GateAdmission | undefined> {
    const slot = await waiting.slot
    caller.slot = slot
    if (this.#slots && !slot) return undefined
    const taken = await this.#takeQuotas(ask, slot)
    if (this.#quotas && !taken) {
      slot?.release(0)
      return undefined
    }
    if (caller.hasLeft) {
      taken?.giveBack()
      slot?.release(0)
      return undefined
    }
    caller.slot = undefined
    return this.#begin({ ask, slot, taken, now: this.#now() })
  }

  async #takeQuotas(ask: Ask, slot: Slot | undefined): Promise<QuotasTaken | undefined> {
    try {
      return await this.#quotas?.take(ask, this.#use.meanTokens, this.#now)
    } catch (failure) {
      slot?.release(0)
      throw failure
    }
  }

  #begin(held: Omit<Held, 'use' | 'minute' | 'expected'>): GateAdmission {
    const expected = Math.min(held.ask.tokens, this.#use.meanTokens || held.ask.tokens)
    const minute = this.#use.begin(expected, held.now)
    return new Admission({ ...held, use: this.#use, minute, expected })
  }
}

function reportSlots({ total, capacity, busy, waiting }: Slots): NonNullable<GateReport['slots']> {
  return { total, free: Math.max(0, capacity - busy), queued: waiting }
}

const refused: Waiting = { admitted: Promise.resolve(undefined), leave: () => undefined }

/** Who waits: a place it has got meanwhile is free again as soon as it leaves. */
interface Caller {
  hasLeft: boolean
  slot: Slot | undefined
}

/** A place that is taken, or being waited for. */
interface Place {
  readonly slot: Slot | undefined | Promise<Slot | undefined>
  leave(): void
}

interface Held {
  readonly ask: Ask
  readonly slot: Slot | undefined
  readonly taken: QuotasTaken | undefined
  readonly now: number
  readonly use: MinuteUse
  readonly minute: number
  readonly expected: number
}

class Admission implements GateAdmission {
  #held: Held | undefined
  readonly queuedMs: number
  readonly queuePosition: number

  constructor(held: Held) {
    this.#held = held
    this.queuedMs = held.slot?.queuedMs ?? 0
    this.queuePosition = held.slot?.queuePosition ?? 0
  }

  end(usedTokens: number | undefined, wasSent: boolean): void {
    const held = this.#held
    if (!held) return
    this.#held = undefined
    const { slot, taken, use, minute, expected } = held
    if (!wasSent) {
      use.takeBack(minute, expected)
      taken?.giveBack()
      slot?.release(0)
      return
    }
    if (usedTokens !== undefined) {
      use.correct(minute, usedTokens - expected)
      use.learnUse(usedTokens)
    }
    taken?.settle(usedTokens)
    slot?.release(usedTokens)
  }
}
