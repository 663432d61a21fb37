import { fieldOf } from '../../modules/json-object.ts'
import type { Produced } from '../accounting/estimate-usage.ts'
import { readUsage } from '../accounting/read-usage.ts'
import type { Usage } from '../accounting/usage.ts'

const bytesPerToken = 4

/**
 * What a stream has used so far: what its upstream told, and about how much came after that. Two additions an event;
 * nothing is parsed for it.
 */
export class StreamMeter {
  #told: Usage = {}
  /** Told by an event that nobody needed to parse yet. */
  #unread: (() => unknown) | undefined
  #events = 0
  #bytes = 0
  #shortest = Infinity
  // The last event says why it stopped and has no text: it must not be what others are measured by.
  #last = 0

  /** An event that carries a piece of the answer has passed. */
  count(length: number): void {
    this.#measureLast()
    this.#events += 1
    this.#last = length
  }

  /** Usage was told, in an event already parsed; what it leaves open stays as told before. */
  tell(usage: Usage): void {
    this.#settleUnread()
    this.#merge(usage)
    this.#restart()
  }

  /** Usage was told; it is read when it is asked for, unless more is told until then. */
  tellLater(read: () => unknown): void {
    this.#unread = read
    this.#restart()
  }

  get produced(): Produced {
    this.#settleUnread()
    // Most servers send a token an event; what is longer than the shortest one holds more of them.
    const content = this.#events < 2 ? 0 : this.#bytes + this.#last - this.#events * this.#shortest
    const tokens = Math.max(this.#events, Math.ceil(content / bytesPerToken))
    return { told: this.#told, tokens }
  }

  #merge(usage: Usage): void {
    const told = Object.entries(usage).filter(([, value]) => value !== undefined)
    const merged: Usage = { ...this.#told, ...Object.fromEntries(told) }
    const { completionTokens } = merged
    // Messages tells the prompt with its first event and the answer with its last, the prompt then in part or not.
    const promptTokens = larger(this.#told.promptTokens, usage.promptTokens)
    if (promptTokens === undefined || completionTokens === undefined) this.#told = merged
    else {
      const totalTokens = Math.max(usage.totalTokens ?? 0, promptTokens + completionTokens)
      this.#told = { ...merged, promptTokens, totalTokens }
    }
  }

  #settleUnread(): void {
    if (!this.#unread) return
    const usage = usageIn(this.#unread())
    this.#unread = undefined
    if (usage) this.#merge(usage)
  }

  #measureLast(): void {
    if (this.#last === 0) return
    this.#bytes += this.#last
    if (this.#last < this.#shortest) this.#shortest = this.#last
  }

  #restart(): void {
    this.#measureLast()
    this.#events = 0
    this.#bytes = 0
    this.#last = 0
  }
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}

/** The usage that one event of a stream tells, in chat, responses and messages alike. */
export function usageIn(event: unknown): Usage | undefined {
  return (
    readUsage(event) ??
    readUsage(fieldOf(event, 'response')) ??
    readUsage(fieldOf(event, 'message')) ??
    readUsage(fieldOf(event, 'x_groq'))
  )
}
