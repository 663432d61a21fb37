import type { Dispatcher } from 'undici'

import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { CallStep, Reply } from '../providers/conversation.ts'
import { UpstreamCall, type AnswerReader, type UpstreamHead } from '../upstream/call.ts'
import type { Endable } from '../upstream/running-calls.ts'
import { parseJson, readWhole } from './body-readers.ts'
import { readFailure, refuseEncoding, type Opening } from './open-reader.ts'
import { encodeBody } from './sent-body.ts'

const largestJson = 64 * 1024 * 1024

/** One call of a conversation, and what came of it. */
export class ConversationCall implements Endable {
  readonly #step: CallStep
  readonly #opening: Opening
  readonly #call: UpstreamCall
  #reply: Reply | undefined

  constructor(step: CallStep, opening: Opening, timeoutMs: number) {
    this.#step = step
    this.#opening = opening
    const { deployment, outgoing, asked, around } = opening
    const { call } = step
    const isPlain = call.body === undefined && call.sent === undefined
    const encoded = isPlain ? { headers: [], body: null } : encodeBody(call, asked.request)
    this.#call = new UpstreamCall({
      method: call.method,
      path: deployment.basePath + call.path,
      headers: [
        ...outgoing.call.headers,
        ...Object.entries(call.headers ?? {}).flat(),
        ...encoded.headers,
      ],
      body: encoded.body,
      model: around.exchange.model,
      connectMs: deployment.timeouts.connectMs,
      timeoutMs,
      idleMs: 0,
      streamMs: 0,
      open: (head) => this.#open(head),
    })
  }

  /** Whether the upstream may have seen anything of it. */
  get wasSent(): boolean {
    return this.#call.wasSent
  }

  /** Rejects with GatewayError only. */
  async send(dispatcher: Dispatcher): Promise<Reply> {
    await this.#call.send(dispatcher)
    if (this.#reply) return this.#reply
    throw upstreamNonsense('did not answer')
  }

  fail(error: GatewayError): void {
    this.#call.fail(error)
  }

  #open(head: UpstreamHead): AnswerReader {
    const { status } = head
    const { expects, takes = [] } = this.#step
    const isTaken = takes.includes(status)
    if (status >= 300 && !isTaken) return readFailure(head, this.#opening)
    refuseEncoding(head)
    if (expects === 'bytes' && !isTaken)
      return readWhole((bytes) => void (this.#reply = { status, bytes }))
    return readWhole((body) => {
      this.#reply = expects === 'nothing' ? { status } : { status, json: parseJson(body) }
    }, largestJson)
  }
}
