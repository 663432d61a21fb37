import type { DeploymentParams, RouterSettings } from '../../modules/module.ts'
import type { RunningCounters } from './counters.ts'
import { DeploymentGate } from './deployment-gate.ts'
import type { Gate } from './gate.ts'
import { quotaSpecsOf, type QuotaSpec } from './quota-specs.ts'
import { Quotas } from './quotas.ts'
import type { SlotBook } from './slot-book.ts'

/** What gates are made of, opened with the first that needs it: who limits nothing asks no database for anything. */
export interface GateSources {
  readonly openCounters: () => RunningCounters
  readonly openSlots: () => SlotBook
  readonly now: () => number
}

/** One deployment of a document, as far as its limits go. */
export interface GateAsk {
  readonly id: string
  readonly params: DeploymentParams
  readonly router: RouterSettings
  /** `rpm` and `tpm` are limits and not only weights. */
  readonly areRatesLimits: boolean
  /** A strategy asks what went where in this minute. */
  readonly isUseCounted: boolean
}

/** Makes the gates of a process, and keeps each for as long as what stands in the document about it is the same. */
export class Gates {
  readonly #sources: GateSources
  readonly #kept = new Map<string, Kept>()
  #counters: RunningCounters | undefined
  #slots: SlotBook | undefined

  constructor(sources: GateSources) {
    this.#sources = sources
  }

  /** The gate of a deployment; undefined: nothing of it is limited or counted. */
  gate(ask: GateAsk): Gate | undefined {
    const { id, params, router, areRatesLimits, isUseCounted } = ask
    const specs = quotaSpecsOf(id, params, areRatesLimits)
    const total = params.maxParallelRequests ?? router.defaultMaxParallelRequests
    const rules = total === undefined ? undefined : { total, queue: params.queue ?? router.queue }
    if (specs.length === 0 && !rules && !isUseCounted) {
      this.#kept.delete(id)
      return undefined
    }
    const settings = JSON.stringify([specs, rules])
    const known = this.#kept.get(id)
    if (known?.settings === settings) return known.gate
    const gate = new DeploymentGate({
      quotas: specs.length === 0 ? undefined : this.#createQuotas(specs),
      slots: rules && this.#openSlots().of(id, rules),
      now: this.#sources.now,
    })
    this.#kept.set(id, { settings, gate, hasSlots: rules !== undefined })
    return gate
  }

  /** Forgets the gates of deployments that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id)
    const withSlots = [...this.#kept].flatMap(([id, { hasSlots }]) => (hasSlots ? id : []))
    this.#slots?.keepOnly(new Set(withSlots))
  }

  /** Gives back what is leased, while the database is still at hand. */
  async close(withinMs: number): Promise<void> {
    await Promise.all([this.#counters?.close(withinMs), this.#slots?.close()])
  }

  #createQuotas(specs: readonly QuotaSpec[]): Quotas {
    const counters = (this.#counters ??= this.#sources.openCounters())
    return new Quotas(specs.map((spec) => ({ spec, counter: counters.counter(spec) })))
  }

  #openSlots(): SlotBook {
    return (this.#slots ??= this.#sources.openSlots())
  }
}

interface Kept {
  readonly settings: string
  readonly gate: Gate
  readonly hasSlots: boolean
}
