/** Whose caller it is and what it will cost, in whatever unit all of one queue use. */
export interface Turn {
  readonly flow: string
  readonly cost: number
  /** A flow of weight 3 gets three times what one of weight 1 gets; 1 where it is not said. */
  readonly weight?: number | undefined
}

/** A caller that waits, or is served. */
export interface Waiter<T> {
  readonly value: T
  readonly flow: Flow<T>
  /** By its flow's weight. */
  readonly cost: number
  readonly weight: number
  /** Its place when it came; 1: the first. */
  readonly position: number
}

// Who has been served lately and does not wait now; the longest away are forgotten first.
const rememberedFlows = 1024
// Thirds of a cost do not add up to it.
const equalWithin = 0.001

/**
 * Callers that wait, fair between flows: deficit round robin with the smallest quantum there is. The flow that has
 * had the least cost for its weight goes first, one caller at a time. A newcomer waits until the flow that is ahead of
 * it has been served once, so that between two flows nobody waits for more than one caller of the other. Absence
 * earns nothing: who was away for long comes as a newcomer.
 */
export class FairQueue<T> {
  readonly #waiting = new Map<string, Flow<T>>()
  readonly #resting = new Map<string, Flow<T>>()
  #length = 0
  #turns = 0
  /** What the flow served last had had before: who has had less was away. */
  #level = 0

  get length(): number {
    return this.#length
  }

  push(value: T, turn: Turn): Waiter<T> {
    const flow = this.#waiting.get(turn.flow) ?? this.#enter(turn.flow)
    const weight = turn.weight ?? 1
    this.#length += 1
    const cost = Math.max(1, turn.cost) / weight
    const waiter = { value, flow, cost, weight, position: this.#length }
    flow.callers.add(waiter)
    return waiter
  }

  /** Takes a waiter out, wherever it stands; false: it no longer waits. */
  remove(waiter: Waiter<T>): boolean {
    const { flow } = waiter
    if (!flow.callers.delete(waiter)) return false
    this.#length -= 1
    if (flow.callers.size === 0) this.#leave(flow)
    return true
  }

  /** The next one to be served. Its prediction counts until it is settled. */
  shift(): Waiter<T> | undefined {
    const known = this.#firstKnown()
    const flow = this.#newcomerBefore(known) ?? known
    const waiter = flow?.first()
    if (!flow || !waiter) return undefined
    flow.callers.delete(waiter)
    this.#length -= 1
    if (!flow.isKnown) flow.had = known?.had ?? this.#level
    this.#level = Math.max(this.#level, flow.had)
    flow.expected += waiter.cost
    flow.isKnown = true
    flow.cameAt = flow.servedAt = this.#turns += 1
    if (flow.callers.size === 0) this.#leave(flow)
    return waiter
  }

  /** A served caller is through, and has cost so much; undefined: what was predicted. */
  settle({ flow, cost, weight }: Waiter<T>, realCost: number | undefined): void {
    flow.expected -= cost
    flow.had += realCost === undefined ? cost : Math.max(1, realCost) / weight
  }

  /** Nobody has to wait: what was before does not count any more. */
  forget(): void {
    if (this.#length > 0 || this.#resting.size === 0) return
    this.#resting.clear()
    this.#level = 0
  }

  #enter(name: string): Flow<T> {
    const flow = this.#resting.get(name) ?? new Flow<T>(name)
    this.#resting.delete(name)
    if (flow.had < this.#level - equalWithin) flow.isKnown = false
    flow.cameAt = this.#turns += 1
    this.#waiting.set(name, flow)
    return flow
  }

  #leave(flow: Flow<T>): void {
    this.#waiting.delete(flow.name)
    if (!flow.isKnown) return
    this.#resting.set(flow.name, flow)
    if (this.#resting.size <= rememberedFlows) return
    for (const [oldest] of this.#resting) return void this.#resting.delete(oldest)
  }

  #firstKnown(): Flow<T> | undefined {
    let first: Flow<T> | undefined
    for (const flow of this.#waiting.values()) {
      if (flow.isKnown && (!first || hasHadLess(flow, first))) first = flow
    }
    return first
  }

  // Newcomers stand in the order in which they came.
  #newcomerBefore(known: Flow<T> | undefined): Flow<T> | undefined {
    for (const flow of this.#waiting.values()) {
      if (!flow.isKnown) return !known || flow.cameAt < known.cameAt ? flow : undefined
    }
    return undefined
  }
}

function hasHadLess(flow: Flow<unknown>, other: Flow<unknown>): boolean {
  const less = flow.had + flow.expected - other.had - other.expected
  return Math.abs(less) <= equalWithin ? flow.servedAt < other.servedAt : less < 0
}

/** The waiting callers of one flow, and its account. */
class Flow<T> {
  readonly name: string
  /** Cost of those that are through, by weight. */
  had = 0
  /** Predicted cost of those that are being served, by weight. */
  expected = 0
  /** Number of the turn in which it was served last. */
  servedAt = 0
  /** Number of the turn in which it came or was served last. */
  cameAt = 0
  /** It has an account; not so a newcomer. */
  isKnown = false
  readonly callers = new Set<Waiter<T>>()

  constructor(name: string) {
    this.name = name
  }

  first(): Waiter<T> | undefined {
    for (const caller of this.callers) return caller
    return undefined
  }
}
