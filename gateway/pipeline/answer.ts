import type { ServerResponse } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import type { Endable } from '../upstream/running-calls.ts'

/** The way back to the caller: starts once, ends once, and knows when the caller has left. */
export class Answer {
  readonly #response: ServerResponse
  #call: Endable | undefined
  #status = 0

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('close', () => {
      if (response.writableFinished) return
      this.#call?.fail(callerGone())
    })
  }

  get hasStarted(): boolean {
    return this.#response.headersSent
  }

  get hasEnded(): boolean {
    return this.#response.writableEnded
  }

  get isGone(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished
  }

  /** What the caller was told; 0 before the head is out. */
  get status(): number {
    return this.#status
  }

  /** Flat names and values. */
  start(status: number, headers: string[]): void {
    this.#status = status
    this.#response.writeHead(status, headers)
  }

  /** False where the caller reads slower than we write: wait for `onDrain`. */
  write(chunk: Buffer | string): boolean {
    return this.#response.write(chunk)
  }

  onDrain(listener: () => void): void {
    this.#response.once('drain', listener)
  }

  end(chunk?: Buffer | string): void {
    this.#response.end(chunk)
  }

  /** Cuts the connection: the only honest end of a body that stopped in the middle and has no error form. */
  cut(): void {
    const { req, socket } = this.#response
    // Under HTTP/1.0 a plain end of the connection is the end of the body: only a reset is none.
    if (req.httpVersion === '1.0') socket?.resetAndDestroy()
    this.#response.destroy()
  }

  /** What to end when the caller leaves before the end. Not a function: closures here outlived their request. */
  set call(call: Endable | undefined) {
    this.#call = call
  }
}

export function callerGone(): GatewayError {
  return new GatewayError('caller_gone', 'The caller left before the answer was complete.')
}
