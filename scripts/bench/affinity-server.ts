import type { Clock } from './affinity-clock.ts'
import { blockTokens, type Turn } from './affinity-sessions.ts'

/** About a 7B model on one card of 24 GB. */
const prefillTokensPerSecond = 5_000
const decodeMs = 14
const slowerByEachOther = 0.04
const mostRunning = 32
const cachedBlocks = 4_096

export interface Call {
  readonly turn: Turn
  onFirstByte(): void
  onEnd(): void
  onFailure(): void
}

interface Accepted extends Call {
  isGone: boolean
}

/**
 * A model server as vLLM is one: prompts are read one after the other, whole blocks that a former prompt left behind
 * are not read again, the least recently used are forgotten first, and answers are written side by side.
 */
export class ModelServer {
  readonly #clock: Clock
  // Newest last.
  readonly #cache = new Map<number, true>()
  readonly #waiting: Accepted[] = []
  #isReading = false
  #isDown = false
  #running = 0
  promptTokens = 0
  cachedTokens = 0
  answers = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts anew from here. */
  count(): void {
    this.promptTokens = 0
    this.cachedTokens = 0
    this.answers = 0
  }

  /** Whether it refuses everything, at once. */
  setDown(isDown: boolean): void {
    this.#isDown = isDown
  }

  /** Takes a call; the function given back is the caller hanging up. */
  accept(call: Call): () => void {
    const accepted: Accepted = { ...call, isGone: false }
    if (this.#isDown) this.#clock.after(1, () => accepted.onFailure())
    else {
      this.#waiting.push(accepted)
      this.#readNext()
    }
    return () => {
      accepted.isGone = true
    }
  }

  #readNext(): void {
    if (this.#isReading || this.#running >= mostRunning) return
    const next = this.#waiting.shift()
    if (!next) return
    if (next.isGone) return this.#readNext()
    this.#isReading = true
    this.#running += 1
    this.#clock.after(this.#read(next.turn), () => {
      this.#isReading = false
      this.#write(next)
      this.#readNext()
    })
  }

  /** Milliseconds it takes to read what is not cached. */
  #read({ blocks, promptTokens }: Turn): number {
    let known = 0
    while (known < blocks.length && this.#cache.has(blocks[known] ?? -1)) known += 1
    // The end first: of a prompt that is forgotten bit by bit, the beginning is of use to the last.
    for (let at = blocks.length - 1; at >= 0; at -= 1) this.#keep(blocks[at] ?? -1)
    this.promptTokens += promptTokens
    this.cachedTokens += known * blockTokens
    return ((promptTokens - known * blockTokens) / prefillTokensPerSecond) * 1000
  }

  #keep(block: number): void {
    this.#cache.delete(block)
    this.#cache.set(block, true)
    if (this.#cache.size <= cachedBlocks) return
    for (const oldest of this.#cache.keys()) {
      this.#cache.delete(oldest)
      return
    }
  }

  #write(call: Accepted): void {
    if (call.isGone) return this.#leave()
    call.onFirstByte()
    const tokenMs = decodeMs * (1 + slowerByEachOther * this.#running)
    this.#clock.after(call.turn.answerTokens * tokenMs, () => {
      this.answers += 1
      this.#leave()
      call.onEnd()
    })
  }

  #leave(): void {
    this.#running -= 1
    this.#readNext()
  }
}
