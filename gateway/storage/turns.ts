import { GatewayError } from '../errors/gateway-error.ts'

/** Lets a few of many do their work at once, in the order in which they came. */
export class Turns {
  readonly #most: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor({ most, mostWaiting }: { readonly most: number; readonly mostWaiting: number }) {
    this.#most = most
    this.#mostWaiting = mostWaiting
  }

  /** Throws `storage_unavailable` where too many wait already. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#most) await this.#wait()
    else this.#running += 1
    try {
      return await work()
    } finally {
      // Whoever is next takes this place over.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#running -= 1
    }
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new GatewayError(
        'storage_unavailable',
        'Too many ask the database at once: ask again in a moment.',
        { retryAfterSeconds: 1 },
      )
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }
}
