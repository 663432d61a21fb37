import type { Readable } from 'node:stream'
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'

import { GatewayError } from '../errors/gateway-error.ts'
import { CallClock, type Clocked } from './call-clock.ts'
import { fromTransport } from './transport-error.ts'

/** Takes an upstream's answer as it comes. Whatever a method throws ends the call with that error. */
export interface AnswerReader {
  push(chunk: Buffer): void
  /** The upstream ended properly. */
  end(): void | Promise<void>
  /** Nothing more comes: the call has failed. */
  stop?(): void
  /** The caller has the whole answer; what becomes of the call after that is no failure. */
  readonly isComplete?: boolean
}

export interface UpstreamHead {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

export interface CallOptions {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly headers: string[]
  readonly body: Buffer | Readable | null
  /** Asked model name, for messages. */
  readonly model: string
  /** Until a connection stands; 0: no bound but `timeoutMs`. */
  readonly connectMs: number
  /** Until `stopClock()`; for an answer that is not streamed, until its end. */
  readonly timeoutMs: number
  /** Between two pieces of the body; 0: no bound but `timeoutMs`. */
  readonly idleMs: number
  /** From `stopClock()` to the end; 0: as long as it flows. */
  readonly streamMs: number
  readonly open: (head: UpstreamHead, call: UpstreamCall) => AnswerReader
  /** The first event of a stream has come. */
  readonly onFirstEvent?: (() => void) | undefined
}

const clock = new CallClock()

/** One call to one upstream, until its answer is wholly read. */
export class UpstreamCall implements Dispatcher.DispatchHandler, Clocked {
  readonly #options: CallOptions
  /** Of the clock. */
  place = -1
  /** When it is late, and when its connection is, monotonic milliseconds. */
  #lateAt: number
  #unconnectedAt = Infinity
  #isEndless = false
  #resolve: (() => void) | undefined
  #reject: ((error: GatewayError) => void) | undefined
  #controller: Dispatcher.DispatchController | undefined
  #reader: AnswerReader | undefined
  #failure: GatewayError | undefined
  #isOver = false

  constructor(options: CallOptions) {
    this.#options = options
    this.#lateAt = performance.now() + options.timeoutMs
    clock.watch(this)
  }

  /** Ends it where it has taken too long. */
  check(now: number): void {
    if (now >= this.#unconnectedAt) this.fail(this.#unconnectedError())
    else if (now >= this.#lateAt)
      this.fail(this.#isEndless ? this.#endlessError() : this.#lateError())
  }

  /** Sends the request over a pool. Rejects with GatewayError only. */
  send(dispatcher: Dispatcher): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const { method, path, headers, body, idleMs } = this.#options
      try {
        dispatcher.dispatch({ method, path, headers, body, bodyTimeout: idleMs }, this)
        this.#watchConnection()
      } catch (cause) {
        const error = cause instanceof Error ? cause : new Error(String(cause))
        this.fail(fromTransport(error, this.#options.model))
      }
    })
  }

  /** Whether the upstream may have seen anything of it. */
  get wasSent(): boolean {
    return this.#controller !== undefined
  }

  /** Stops the clock on the first event: from here on silence between pieces counts, and the whole length. */
  stopClock(): void {
    const { streamMs, onFirstEvent } = this.#options
    this.#lateAt = streamMs > 0 ? performance.now() + streamMs : Infinity
    this.#isEndless = true
    onFirstEvent?.()
  }

  /** The answer is whole: the upstream may end by itself within this time, which keeps its connection. */
  endWithin(milliseconds: number): void {
    this.#lateAt = performance.now() + milliseconds
    this.#isEndless = false
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  /** Ends the call at once, with this error; the socket is destroyed, queued or running. */
  fail(error: GatewayError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = error
    clock.forget(this)
    this.#controller?.abort(error)
    if (this.#reader?.isComplete) {
      this.#resolve?.()
      return
    }
    this.#reader?.stop?.()
    this.#reject?.(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#unconnectedAt = Infinity
    if (this.#isOver) controller.abort(this.#failure ?? new Error('over'))
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (this.#isOver || status < 200) return
    this.#guard(() => {
      this.#reader = this.#options.open({ status, headers }, this)
    })
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return
    this.#guard(() => this.#reader?.push(chunk))
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#guard(() => {
      const ending = this.#reader?.end()
      if (ending)
        ending.then(
          () => this.#finish(),
          (thrown: unknown) => this.fail(asError(thrown)),
        )
      else this.#finish()
    })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(fromTransport(error, this.#options.model))
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    clock.forget(this)
    this.#resolve?.()
  }

  #guard(step: () => void): void {
    try {
      step()
    } catch (thrown) {
      this.fail(asError(thrown))
    }
  }

  // A connection that stands already takes the request at once; only a new one needs a clock.
  #watchConnection(): void {
    const { connectMs, timeoutMs } = this.#options
    if (this.#controller || this.#isOver || connectMs === 0 || connectMs >= timeoutMs) return
    this.#unconnectedAt = performance.now() + connectMs
  }

  #lateError(): GatewayError {
    const { model, timeoutMs } = this.#options
    return new GatewayError(
      'upstream_timeout',
      `The server behind model ${model} did not answer within ${timeoutMs / 1000} s.`,
    )
  }

  #endlessError(): GatewayError {
    const { model, streamMs } = this.#options
    return new GatewayError(
      'upstream_timeout',
      `The server behind model ${model} did not end its answer within ${streamMs / 1000} s.`,
    )
  }

  #unconnectedError(): GatewayError {
    const { model, connectMs } = this.#options
    return new GatewayError(
      'upstream_unreachable',
      `The server behind model ${model} cannot be reached: it does not take the connection within ${connectMs / 1000} s.`,
    )
  }
}

function asError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return new GatewayError(
    'internal_error',
    'The gateway failed on this request; its log says why.',
    { cause: thrown },
  )
}
