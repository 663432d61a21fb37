import type { GatewayError } from '../errors/gateway-error.ts'

/** Something under way that can be ended from outside. */
export interface Endable {
  fail(error: GatewayError): void
}

/**
 * The calls under way. Not a Set: one that rehashes points from its old table to its new one, so a dead table
 * in the old generation keeps every later call alive until all of it is collected.
 */
export class RunningCalls {
  readonly #places: (Endable | undefined)[] = []
  readonly #free: number[] = []

  /** Gives the place by which the call is taken out. */
  add(call: Endable): number {
    const place = this.#free.pop() ?? this.#places.length
    this.#places[place] = call
    return place
  }

  remove(place: number): void {
    this.#places[place] = undefined
    this.#free.push(place)
  }

  failAll(error: GatewayError): void {
    for (const call of this.#places) call?.fail(error)
  }
}
