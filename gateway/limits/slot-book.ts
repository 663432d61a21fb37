import { Slots, type SlotRules } from './slots.ts'

/** The places of all deployments of this process, by deployment; kept over reloads of the document. */
export class SlotBook {
  readonly #slots = new Map<string, Slots>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** The places of a deployment; rules that differ from those known hold from now on. */
  of(deployment: string, rules: SlotRules): Slots {
    const known = this.#slots.get(deployment)
    if (known) {
      known.change(rules)
      return known
    }
    const slots = new Slots(rules, this.#now)
    this.#slots.set(deployment, slots)
    return slots
  }

  /** Forgets the deployments that are gone. Who still holds or awaits a place of theirs is not disturbed. */
  keepOnly(deployments: ReadonlySet<string>): void {
    for (const id of this.#slots.keys()) if (!deployments.has(id)) this.#slots.delete(id)
  }
}
