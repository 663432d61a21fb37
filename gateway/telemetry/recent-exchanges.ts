import type { Usage } from '../accounting/usage.ts'
import type { Exchange } from '../pipeline/exchange.ts'
import { explain, isPlain, type Explanation, type Told } from './explanation.ts'

/**
 * The last exchanges of this process, to be explained. Most are plain, and of those words and numbers are copied into
 * places made once: an object kept for each would be carried from one generation of the heap to the next.
 */
export class RecentExchanges {
  readonly #places: Place[] = []
  readonly #size: number
  #next = 0

  /** How many are kept at most; older ones make room. */
  constructor(size = 5_000) {
    this.#size = size
  }

  /** Takes a settled exchange; `endedAt` in monotonic milliseconds. */
  add(exchange: Exchange, endedAt: number): void {
    let place = this.#places[this.#next]
    if (!place) this.#places.push((place = new Place()))
    place.keep(exchange, endedAt)
    this.#next = this.#next + 1 === this.#size ? 0 : this.#next + 1
  }

  /** The newest of this id or call id that ended at `since` or later. */
  explain(id: string, since: number): Explanation | undefined {
    const size = this.#places.length
    for (let back = 1; back <= size; back += 1) {
      const place = this.#places[(this.#next - back + size) % size]
      if (!place || place.endedAt < since) return undefined
      const { told } = place
      if (told.id === id || told.callId === id) return explain(told, place.endedAt)
    }
    return undefined
  }
}

/** Room for one exchange, written over again and again. */
class Place {
  endedAt = -Infinity
  readonly #plain = new PlainExchange()
  #whole: Exchange | undefined

  keep(exchange: Exchange, endedAt: number): void {
    this.endedAt = endedAt
    if (isPlain(exchange)) {
      this.#whole = undefined
      this.#plain.copy(exchange)
    } else {
      this.#whole = exchange
    }
  }

  get told(): Told {
    return this.#whole ?? this.#plain
  }
}

/** A plain exchange without the objects it was made of. */
class PlainExchange implements Told {
  id = ''
  callId = ''
  serving: Told['serving'] = { generation: 0, module: { name: '' } }
  endpoint: Told['endpoint'] = { name: 'chat-completions' }
  caller: Told['caller'] = { id: '' }
  deployment: Told['deployment'] = undefined
  model = ''
  group = ''
  isStream = false
  startedAt = 0
  startedAtMs = 0
  firstByteMs: number | undefined = undefined
  upstreamMs: number | undefined = undefined
  outcome = 'ok'
  status = 200
  readonly trace = undefined
  costNano: number | undefined = undefined
  #promptTokens: number | undefined
  #completionTokens: number | undefined
  #totalTokens: number | undefined
  #isEstimated = false

  copy(exchange: Exchange): void {
    this.id = exchange.id
    this.callId = exchange.callId
    this.serving = exchange.serving
    this.endpoint = exchange.endpoint
    this.caller = exchange.caller
    this.deployment = exchange.deployment
    this.model = exchange.model
    this.group = exchange.group
    this.isStream = exchange.isStream
    this.startedAt = exchange.startedAt
    this.startedAtMs = exchange.startedAtMs
    this.firstByteMs = exchange.firstByteMs
    this.upstreamMs = exchange.upstreamMs
    this.costNano = exchange.costNano
    this.#promptTokens = exchange.usage.promptTokens
    this.#completionTokens = exchange.usage.completionTokens
    this.#totalTokens = exchange.usage.totalTokens
    this.#isEstimated = exchange.usage.isEstimated === true
  }

  get usage(): Usage {
    return {
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      totalTokens: this.#totalTokens,
      ...(this.#isEstimated && { isEstimated: true }),
    }
  }
}
