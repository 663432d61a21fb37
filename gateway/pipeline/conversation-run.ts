import type { Dispatcher } from 'undici'

import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { CallStep, Reply, Step, WaitStep } from '../providers/conversation.ts'
import type { Endable } from '../upstream/running-calls.ts'
import type { BegunConversation } from './begin-conversation.ts'
import { ConversationCall } from './conversation-call.ts'
import { finishTranslated, type Opening } from './open-reader.ts'

const patienceMs = [500, 1_000, 2_000]
const withdrawMs = 5_000
const head = { status: 200, headers: {} }

/**
 * Several calls to one upstream that are one attempt: under one clock, ended as one. Where it ends early with work
 * begun, the upstream is told to let it be.
 */
export class ConversationRun implements Endable {
  readonly #begun: BegunConversation
  readonly #opening: Opening
  readonly #timer: NodeJS.Timeout
  #underWay: Endable | undefined
  #failure: GatewayError | undefined
  #isWorkBegun = false
  #wasSent = false

  constructor(begun: BegunConversation, opening: Opening) {
    this.#begun = begun
    this.#opening = opening
    const { totalMs } = opening.deployment.timeouts
    const { model } = opening.around.exchange
    this.#timer = setTimeout(() => this.fail(lateError(model, totalMs)), totalMs)
  }

  /** Whether the upstream may have seen anything of it. */
  get wasSent(): boolean {
    return this.#wasSent
  }

  /** Takes it to its end and answers the caller. Rejects with what ended it. */
  async send(dispatcher: Dispatcher): Promise<void> {
    try {
      const value = await this.#follow(dispatcher)
      await finishTranslated(value, head, this.#opening)
      if (this.#failure && !this.#opening.around.answer.hasStarted) throw this.#failure
    } catch (thrown) {
      if (this.#isWorkBegun) void this.#withdraw(dispatcher)
      throw this.#failure ?? thrown
    } finally {
      clearTimeout(this.#timer)
    }
  }

  /** Ends it at once, whatever step is under way; its socket is destroyed. */
  fail(error: GatewayError): void {
    this.#failure ??= error
    this.#underWay?.fail(error)
  }

  async #follow(dispatcher: Dispatcher): Promise<Record<string, unknown>> {
    const { conversation, first } = this.#begun
    let next = first
    while (!next.done) next = conversation.steps.next(await this.#take(next.value, dispatcher))
    this.#isWorkBegun = false
    return next.value
  }

  #take(step: Step, dispatcher: Dispatcher): Promise<Reply> {
    return step.kind === 'wait' ? this.#wait(step) : this.#askPatiently(step, dispatcher)
  }

  // A server that is at work is not given up for one lost connection; what only reads can be asked again.
  async #askPatiently(step: CallStep, dispatcher: Dispatcher): Promise<Reply> {
    for (const milliseconds of patienceMs) {
      try {
        return await this.#ask(step, dispatcher)
      } catch (thrown) {
        const isLost = toGatewayError(thrown).code === 'upstream_unreachable'
        if (!isLost || !this.#isWorkBegun || step.call.method !== 'GET') throw thrown
        await this.#wait({ kind: 'wait', milliseconds, note: 'the connection was lost' })
      }
    }
    return this.#ask(step, dispatcher)
  }

  async #ask(step: CallStep, dispatcher: Dispatcher): Promise<Reply> {
    if (this.#failure) throw this.#failure
    const call = new ConversationCall(
      step,
      this.#opening,
      this.#opening.deployment.timeouts.totalMs,
    )
    this.#underWay = call
    try {
      const reply = await call.send(dispatcher)
      if (step.beginsWork && reply.status < 300) this.#noteWork()
      return reply
    } catch (thrown) {
      // What was sent and not answered may have been taken all the same.
      const isUnclear = call.wasSent && toGatewayError(thrown).answeredStatus === undefined
      if (step.beginsWork && isUnclear) this.#noteWork()
      throw thrown
    } finally {
      this.#underWay = undefined
      this.#wasSent ||= call.wasSent
    }
  }

  #noteWork(): void {
    this.#isWorkBegun = true
    this.#opening.around.exchange.hasAnswerBegun = true
  }

  async #wait({ milliseconds, note }: WaitStep): Promise<Reply> {
    if (this.#failure) throw this.#failure
    const { exchange, rooms } = this.#opening.around
    if (note !== undefined) rooms.log.debug({ call: exchange.callId }, note)
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds)
        this.#underWay = { fail: (error) => (clearTimeout(timer), reject(error)) }
      })
    } finally {
      this.#underWay = undefined
    }
    return { status: 0 }
  }

  async #withdraw(dispatcher: Dispatcher): Promise<void> {
    const { exchange, rooms } = this.#opening.around
    try {
      const steps = this.#begun.conversation.withdraw?.()
      if (!steps) return
      let next = steps.next()
      while (!next.done) {
        const step = next.value
        if (step.kind === 'wait') break
        const call = new ConversationCall(step, this.#opening, withdrawMs)
        next = steps.next(await call.send(dispatcher))
      }
    } catch (thrown) {
      const { code } = toGatewayError(thrown)
      rooms.log.debug({ call: exchange.callId, code }, 'the work left undone was not withdrawn')
    }
  }
}

function lateError(model: string, timeoutMs: number): GatewayError {
  return new GatewayError(
    'upstream_timeout',
    `The server behind model ${model} was not done within ${timeoutMs / 1000} s.`,
  )
}
