import type { SlotLeases } from './slot-leases.ts'
import { Slots, type SlotRules } from './slots.ts'

/** The places of all deployments of this process, by deployment; kept over reloads of the document. */
export class SlotBook {
  readonly #slots = new Map<string, Slots>()
  readonly #now: () => number
  readonly #leases: SlotLeases | undefined

  /** With leases they are shared with the other processes of the module. */
  constructor(now: () => number, leases?: SlotLeases) {
    this.#now = now
    this.#leases = leases
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
    this.#leases?.add(deployment, slots)
    return slots
  }

  /** Forgets the deployments that are gone, once nobody has or awaits a place of theirs. */
  keepOnly(deployments: ReadonlySet<string>): void {
    for (const [id, slots] of this.#slots) {
      if (deployments.has(id) || slots.busy > 0 || slots.waiting > 0) continue
      this.#slots.delete(id)
      this.#leases?.remove(id)
    }
  }

  /** Lets go of places that nobody has or awaits; false: somebody does. */
  forget(id: string): boolean {
    const slots = this.#slots.get(id)
    if (!slots) return true
    if (slots.busy > 0 || slots.waiting > 0) return false
    this.#slots.delete(id)
    this.#leases?.remove(id)
    return true
  }

  /** Gives back what is leased. */
  async close(): Promise<void> {
    await this.#leases?.close()
  }
}
