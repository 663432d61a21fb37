import { createNameMatcher, type NameMatcher } from '../../modules/name-pattern.ts'
import type { Holder } from '../auth/access.ts'
import { scopesOf, type CallerRules, type CallerSpec } from './caller-specs.ts'
import type { RunningCounters } from './counters.ts'
import type { LeasedCounter } from './leased-counter.ts'
import type { SlotBook } from './slot-book.ts'
import type { Slots } from './slots.ts'

/** One amount of a holder and where it is counted. */
export interface CallerLimit {
  readonly holder: HolderLimits
  readonly of: string
  readonly spec: CallerSpec
  readonly counter: LeasedCounter
  /** Absent: whatever the model. */
  readonly model?: string
}

/** Requests at once of a holder. */
export interface CallerPlaces {
  readonly of: string
  readonly slots: Slots
}

export interface LimitSources {
  readonly counters: RunningCounters
  readonly openSlots: () => SlotBook
}

interface Ready {
  readonly match: NameMatcher | undefined
  readonly limits: readonly CallerLimit[]
  readonly places: CallerPlaces | undefined
}

/** The limits of one holder as they are counted in this process, shared by all keys that it holds for. */
export class HolderLimits {
  readonly #sources: LimitSources
  #holder: Holder
  #settings = ''
  #ready: readonly Ready[] = []
  #keys: ReadonlySet<string> = new Set()
  #placeKeys: ReadonlySet<string> = new Set()
  /** Of limits that are gone, with something to tell yet. */
  readonly #leaving = new Set<string>()
  /** Rises with each change: what was made of it before is to be made anew. */
  version = 1
  isGone = false
  /** Requests under way. */
  running = 0
  usedAt = -Infinity
  /** What people call a key beside its name. */
  alias: string | undefined
  /** The window in which its owner was warned of a soft budget. */
  warnedOf = ''

  constructor(holder: Holder, rules: CallerRules, sources: LimitSources) {
    this.#holder = holder
    this.#sources = sources
    this.change(holder, rules)
  }

  get holder(): Holder {
    return this.#holder
  }

  /** Goes on by other limits, at once. */
  change(holder: Holder, rules: CallerRules): void {
    this.#holder = holder
    const scopes = scopesOf(holder, rules)
    const settings = JSON.stringify(scopes)
    if (settings === this.#settings) return
    this.#settings = settings
    const { counters, openSlots } = this.#sources
    this.#ready = scopes.map(({ of, model, specs, places }) => ({
      match: model === undefined ? undefined : matcherOf(model),
      limits: specs.map((spec) => ({
        holder: this,
        of,
        spec,
        counter: counters.counter(spec),
        ...(model !== undefined && { model }),
      })),
      places: places && { of, slots: openSlots().of(places.key, { total: places.total }) },
    }))
    const keys = new Set(scopes.flatMap(({ specs }) => specs.map(({ key }) => key)))
    const placeKeys = new Set(scopes.flatMap((scope) => scope.places?.key ?? []))
    for (const key of this.#keys) if (!keys.has(key)) this.#leaving.add(key)
    for (const key of this.#placeKeys) if (!placeKeys.has(key)) openSlots().forget(key)
    for (const key of keys) this.#leaving.delete(key)
    this.#keys = keys
    this.#placeKeys = placeKeys
    this.version += 1
  }

  /** Whether it limits anything. */
  get isEmpty(): boolean {
    return this.#ready.length === 0
  }

  /** Everything that limits requests for a model known by these names. */
  limitsFor(names: readonly string[]): { limits: CallerLimit[]; places: CallerPlaces[] } {
    const fitting = this.#ready.filter(
      ({ match }) => match === undefined || names.some((name) => match(name) !== undefined),
    )
    return {
      limits: fitting.flatMap(({ limits }) => limits),
      places: fitting.flatMap(({ places }) => places ?? []),
    }
  }

  /** Every limit, whatever the model. */
  get all(): readonly CallerLimit[] {
    return this.#ready.flatMap(({ limits }) => limits)
  }

  /** Lets go of the counters of limits that are gone. */
  tidy(): void {
    for (const key of this.#leaving)
      if (this.#sources.counters.forget(key)) this.#leaving.delete(key)
  }

  /** Lets go of everything, nobody being under way; false: something is to be told yet. */
  forget(): boolean {
    if (this.running > 0) return false
    this.tidy()
    const { counters, openSlots } = this.#sources
    let isDone = this.#leaving.size === 0
    for (const key of this.#keys) isDone = counters.forget(key) && isDone
    for (const key of this.#placeKeys) isDone = openSlots().forget(key) && isDone
    // Whatever is forgotten is made anew with the next request.
    this.isGone = true
    this.version += 1
    return isDone
  }
}

function matcherOf(model: string): NameMatcher {
  if (model.includes('*')) return createNameMatcher(model)
  return (name) => (name === model ? [] : undefined)
}
