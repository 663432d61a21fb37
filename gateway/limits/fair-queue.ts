/** Whose caller it is and what it will cost, in whatever unit all of one queue use. */
export interface Turn {
  readonly flow: string
  readonly cost: number
  /** A flow of weight 3 gets three times what one of weight 1 gets; 1 where it is not said. */
  readonly weight?: number | undefined
}

/** A caller that waits. */
export interface Waiter<T> {
  readonly value: T
  readonly flow: string
  readonly cost: number
  /** Its place when it came; 1: the first. */
  readonly position: number
}

// Who has been served lately and does not wait now; the longest away are forgotten first.
const rememberedFlows = 1024
// Thirds of a cost do not add up to it.
const equalWithin = 0.001

/**
 * Callers that wait, fair between flows: deficit round robin with the smallest quantum there is. The flow that has
 * had the least cost for its weight goes first, one caller at a time. Between two flows nobody waits for more than
 * one caller of the other. A flow that was away begins where the others are: absence earns nothing.
 */
export class FairQueue<T> {
  readonly #waiting = new Map<string, Flow<T>>()
  readonly #resting = new Map<string, Flow<T>>()
  #length = 0
  #turns = 0
  /** What the flow served last had had before: nobody begins with less. */
  #level = 0

  get length(): number {
    return this.#length
  }

  push(value: T, turn: Turn): Waiter<T> {
    const flow = this.#waiting.get(turn.flow) ?? this.#enter(turn.flow)
    flow.weight = turn.weight ?? 1
    this.#length += 1
    const cost = Math.max(1, turn.cost)
    const waiter = { value, flow: turn.flow, cost, position: this.#length }
    flow.callers.add(waiter)
    return waiter
  }

  /** Takes a waiter out, wherever it stands; false: it no longer waits. */
  remove(waiter: Waiter<T>): boolean {
    const flow = this.#waiting.get(waiter.flow)
    if (!flow?.callers.delete(waiter)) return false
    this.#length -= 1
    if (flow.callers.size === 0) this.#leave(flow)
    return true
  }

  /** The next one to be served. */
  shift(): Waiter<T> | undefined {
    const flow = this.#first()
    const waiter = flow?.first()
    if (!flow || !waiter) return undefined
    flow.callers.delete(waiter)
    this.#length -= 1
    this.#level = Math.max(this.#level, flow.had)
    flow.had += waiter.cost / flow.weight
    flow.servedAt = this.#turns += 1
    flow.isKnown = true
    if (flow.callers.size === 0) this.#leave(flow)
    return waiter
  }

  /** What a served caller has really cost: its flow's account is put right. */
  correct({ flow: name, cost }: { flow: string; cost: number }, realCost: number): void {
    const flow = this.#waiting.get(name) ?? this.#resting.get(name)
    if (flow) flow.had += (Math.max(1, realCost) - cost) / flow.weight
  }

  /** Nobody had to wait: what was before does not count any more. */
  forget(): void {
    if (this.#length > 0 || this.#resting.size === 0) return
    this.#resting.clear()
    this.#level = 0
  }

  #enter(name: string): Flow<T> {
    const flow = this.#resting.get(name) ?? new Flow<T>(name)
    this.#resting.delete(name)
    // One that comes back in time keeps its place in the round; any other joins those who wait, as the last of equals.
    if (!flow.isKnown || flow.had < this.#level - equalWithin) {
      flow.had = this.#leastKnown()
      flow.servedAt = this.#turns += 1
    }
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

  // Of those already served: newcomers must not hold a place before them by coming one after another.
  #leastKnown(): number {
    let least = Infinity
    for (const flow of this.#waiting.values()) {
      if (flow.isKnown && flow.had < least) least = flow.had
    }
    return least === Infinity ? this.#level : Math.max(least, this.#level)
  }

  #first(): Flow<T> | undefined {
    let first: Flow<T> | undefined
    for (const flow of this.#waiting.values()) {
      if (!first || isBefore(flow, first)) first = flow
    }
    return first
  }
}

function isBefore(flow: Flow<unknown>, other: Flow<unknown>): boolean {
  const less = flow.had - other.had
  return Math.abs(less) <= equalWithin ? flow.servedAt < other.servedAt : less < 0
}

/** The waiting callers of one flow, and its account. */
class Flow<T> {
  readonly name: string
  weight = 1
  /** Cost served so far, by its weight. */
  had = 0
  /** Number of the turn in which it was served last, or came. */
  servedAt = 0
  /** Whether it was served since nobody had to wait. */
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
