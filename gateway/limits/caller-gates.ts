import type { Module } from '../../modules/module.ts'
import type { Holder, KeyAccess } from '../auth/access.ts'
import type { CallerGate, CallerUse } from './caller-gate.ts'
import { isPastSoft } from './caller-headers.ts'
import { usedOf, type HeldPart } from './caller-holds.ts'
import type { CallerPlan } from './caller-plan.ts'
import { mostNano, scopesOf, type CallerRules } from './caller-specs.ts'
import { dollarsOf, nameOf } from './caller-words.ts'
import type { RunningCounters } from './counters.ts'
import { HolderLimits, type CallerLimit, type CallerPlaces } from './holder-limits.ts'
import { LimitsGate, takeMore, type GateBook } from './limits-gate.ts'
import { moduleHolder } from './module-holder.ts'
import type { SlotBook } from './slot-book.ts'

export interface CallerGatesParts {
  /** Opened with the first limit: who limits nobody asks no database for anything. */
  readonly openCounters: () => RunningCounters
  readonly openSlots: () => SlotBook
  /** Monotonic milliseconds, and Unix milliseconds. */
  readonly now: () => number
  readonly wallClock: () => number
  readonly log: { warn(fields: object, message: string): void }
}

const forgetAfterMs = 300_000
const tidyEveryMs = 30_000

/** The limits of all callers of this process, and the gates that keep them. */
export class CallerGates {
  readonly #parts: CallerGatesParts
  readonly #holders = new Map<string, HolderLimits>()
  readonly #gates = new WeakMap<KeyAccess, Made>()
  readonly #customerGates = new WeakMap<Holder, WeakMap<KeyAccess | Module, Made>>()
  readonly #book: GateBook
  #module: Module | undefined
  #ofModule: Holder | undefined
  #moduleGate: CallerGate | undefined
  #counters: RunningCounters | undefined
  #slots: SlotBook | undefined
  #timer: NodeJS.Timeout | undefined
  readonly counts = new CallerCounts()

  constructor(parts: CallerGatesParts) {
    this.#parts = parts
    this.#book = {
      now: parts.now,
      wallClock: parts.wallClock,
      find: (holder) => this.#find(holder),
      isLedgerAway: () => this.#counters?.isLedgerAway ?? false,
      takeMore: (limit, amount) => takeMore(limit, amount, this.#book),
      onRefused: (limit) => this.counts.addRefused(limit),
      onSettled: (plan, used, held) => this.#settled(plan, used, held),
    }
  }

  /**
   * The gate of a virtual key, or of everybody else, on a module, and of the customer whom it serves; undefined:
   * nothing limits them.
   */
  of(access: KeyAccess | undefined, module: Module, customer?: Holder): CallerGate | undefined {
    if (module !== this.#module) this.#enter(module)
    if (customer !== undefined) return this.#ofCustomer(customer, access, module)
    if (access === undefined) return this.#moduleGate
    const made = this.#gates.get(access)
    if (made?.module === module) return made.gate
    return this.#create(access, module)
  }

  /** Every limit that is counted now. */
  limits(): readonly CallerLimit[] {
    return [...this.#holders.values()].flatMap((holder) => (holder.isGone ? [] : holder.all))
  }

  /** Lets go of holders that have been idle for long. Done by itself now and then. */
  tidy(): void {
    const now = this.#parts.now()
    for (const [id, holder] of this.#holders) {
      if (now - holder.usedAt < forgetAfterMs) holder.tidy()
      else if (holder.forget()) this.#holders.delete(id)
    }
  }

  /** Gives back places. The counters are whoever opens them to close. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#slots?.close()
  }

  #enter(module: Module): void {
    this.#module = module
    const holder = moduleHolder(module)
    this.#ofModule = holder && this.#limits(holder, rulesOf(module)) ? holder : undefined
    this.#moduleGate = this.#ofModule && new LimitsGate([this.#ofModule], this.#book, false)
  }

  #create(access: KeyAccess, module: Module): CallerGate | undefined {
    const gate = this.#gateOf(access.holders, module, access)
    this.#gates.set(access, { module, gate })
    return gate
  }

  // Of a key, or of everybody else: kept as long as both are what they are.
  #ofCustomer(
    customer: Holder,
    access: KeyAccess | undefined,
    module: Module,
  ): CallerGate | undefined {
    let gates = this.#customerGates.get(customer)
    if (!gates) this.#customerGates.set(customer, (gates = new WeakMap()))
    const made = gates.get(access ?? module)
    if (made?.module === module) return made.gate
    const gate = this.#gateOf([customer, ...(access?.holders ?? [])], module, access)
    gates.set(access ?? module, { module, gate })
    return gate
  }

  #gateOf(
    holders: readonly Holder[],
    module: Module,
    access: KeyAccess | undefined,
  ): CallerGate | undefined {
    const all = this.#ofModule ? [...holders, this.#ofModule] : holders
    const rules = rulesOf(module)
    // What is new about them holds from now on, for whoever shares them.
    const limiting = all.filter((holder) => this.#limits(holder, rules))
    for (const { kind, id } of all) {
      const known = this.#holders.get(nameOfHolder(kind, id))
      if (known && kind === 'key') known.alias = access?.alias
    }
    const isDenied = access !== undefined && module.general.onDatabaseOutage === 'deny'
    return limiting.length === 0 ? undefined : new LimitsGate(limiting, this.#book, isDenied)
  }

  // Who is limited in nothing, and never was, opens no counter.
  #limits(holder: Holder, rules: CallerRules): boolean {
    const isKnown = this.#holders.has(nameOfHolder(holder.kind, holder.id))
    if (!isKnown && scopesOf(holder, rules).length === 0) return false
    return !this.#take(holder, rules).isEmpty
  }

  #find(holder: Holder): HolderLimits | undefined {
    const known = this.#holders.get(nameOfHolder(holder.kind, holder.id))
    if (known && !known.isGone) return known
    if (!this.#module) return undefined
    return this.#take(holder, rulesOf(this.#module))
  }

  #take(holder: Holder, rules: CallerRules): HolderLimits {
    const name = nameOfHolder(holder.kind, holder.id)
    const known = this.#holders.get(name)
    if (known && !known.isGone) {
      known.change(holder, rules)
      return known
    }
    const counters = (this.#counters ??= this.#parts.openCounters())
    const openSlots = () => (this.#slots ??= this.#parts.openSlots())
    const limits = new HolderLimits(holder, rules, { counters, openSlots })
    limits.usedAt = this.#parts.now()
    if (known) limits.alias = known.alias
    this.#holders.set(name, limits)
    this.#timer ??= setInterval(() => this.tidy(), tidyEveryMs).unref()
    return limits
  }

  #settled({ limits }: CallerPlan, used: CallerUse, parts: readonly HeldPart[]): void {
    parts.forEach((part, index) => {
      const isFirst = parts.findIndex(({ limit }) => limit === part.limit) === index
      if (isFirst && usedOf(part, used) > part.amount) this.#exceeded(part, used, parts)
    })
    for (const limit of limits) if (limit.spec.softNano !== undefined) this.#warn(limit)
  }

  #exceeded({ limit }: HeldPart, used: CallerUse, parts: readonly HeldPart[]): void {
    let held = 0
    for (const part of parts) if (part.limit === limit) held += part.amount
    const { unit, amount } = limit.spec
    // Of what only warns nothing is held.
    if (amount === mostNano) return
    const all = unit === 'nano' ? used.nano : used.tokens
    if (all !== undefined && all > held) this.counts.addExceeded(unit)
  }

  /** Once a window: more is spent than its owner wants to hear of. */
  #warn(limit: CallerLimit): void {
    const now = this.#parts.now()
    if (!isPastSoft(limit, now)) return
    const { holder, counter, spec, of } = limit
    const window = `${spec.key} ${counter.startsAtMs(now)} ${spec.softNano}`
    if (holder.warnedOf === window) return
    holder.warnedOf = window
    const spent = dollarsOf(counter.used(now))
    const soft = dollarsOf(spec.softNano ?? 0)
    this.#parts.log.warn(
      { holder: holder.holder.kind, id: holder.holder.id },
      `${of} has spent ${spent} of its ${nameOf({ unit: 'nano', per: spec.per })}: more than the soft budget of ${soft}`,
    )
  }
}

interface Made {
  readonly module: Module
  readonly gate: CallerGate | undefined
}

/** Refusals by kind of holder and limit, and requests that used more than was held for them. */
class CallerCounts {
  readonly refused = new Map<string, { holder: string; limit: string; count: number }>()
  readonly exceeded = new Map<string, number>()

  addRefused(limit: CallerLimit | CallerPlaces): void {
    const holder = 'spec' in limit ? limit.holder.holder.kind : (limit.of.split(' ')[0] ?? '')
    const name = !('spec' in limit)
      ? 'parallel requests'
      : limit.spec.unit === 'nano'
        ? 'budget'
        : nameOf(limit.spec)
    const key = `${holder} ${name}`
    const known = this.refused.get(key)
    if (known) known.count += 1
    else this.refused.set(key, { holder, limit: name, count: 1 })
  }

  addExceeded(unit: string): void {
    this.exceeded.set(unit, (this.exceeded.get(unit) ?? 0) + 1)
  }
}

function nameOfHolder(kind: string, id: string): string {
  return `${kind}:${id}`
}

function rulesOf({ name, general }: Module): CallerRules {
  return {
    module: name,
    onOutage: general.onDatabaseOutage === 'allow' ? 'allow' : 'deny',
    releaseUnsettledAfterMs: general.unsettledReleaseAfterMs,
  }
}
