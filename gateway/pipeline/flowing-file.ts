import type { Readable } from 'node:stream'

/** An uploaded file while it still comes in: it can be read once, and ends with its form's failure where that breaks. */
export class FlowingFile {
  readonly length = undefined
  /** Once it is being read nobody else can have it whole. */
  hasBegun = false
  readonly #stream: Readable
  readonly #failureFor: (cause: unknown) => Error

  constructor(stream: Readable, failureFor: (cause: unknown) => Error) {
    this.#stream = stream
    this.#failureFor = failureFor
    // Whoever reads learns of it; where nobody does, an error without a listener would end the process.
    stream.on('error', () => undefined)
  }

  async *read(): AsyncGenerator<Buffer> {
    this.hasBegun = true
    try {
      yield* this.#stream
    } catch (cause) {
      throw this.#failureFor(cause)
    }
  }

  /** Ends it for its reader too. */
  breakOff(): void {
    this.#stream.destroy(new Error('the form broke off'))
  }

  discard(): void {
    this.#stream.resume()
  }
}
