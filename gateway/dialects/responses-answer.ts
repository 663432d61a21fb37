import { isObject } from '../../modules/json-object.ts'
import type { CallerRequest, CallerStream } from './caller-dialect.ts'
import { envelopeOf } from '../errors/envelope.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { isList, type Fields } from './read-fields.ts'
import { nonsense } from './refusals.ts'
import { ResponseBuilder } from './responses-builder.ts'

/** OpenAI's response object from a chat answer. */
export function toAnswer(chatAnswer: unknown, asked: CallerRequest): Record<string, unknown> {
  const choice = firstChoice(chatAnswer, asked)
  if (!isObject(chatAnswer) || !choice || !isObject(choice.message))
    throw nonsense('it has no message', asked.model)
  const builder = new ResponseBuilder(asked, () => undefined)
  builder.readHead(chatAnswer)
  builder.read(choice.message, choice)
  return { ...builder.finish() }
}

/** OpenAI's numbered events from chat chunks. */
export function createStream(asked: CallerRequest): ResponseStream {
  return new ResponseStream(asked)
}

/** One streamed response. */
export class ResponseStream implements CallerStream {
  readonly #asked: CallerRequest
  readonly #builder: ResponseBuilder
  #sequence = 0
  #pending = ''
  #hasStarted = false
  #hasEnded = false
  #last: Fields | undefined

  constructor(asked: CallerRequest) {
    this.#asked = asked
    this.#builder = new ResponseBuilder(asked, (type, fields) => this.#emit(type, fields))
  }

  get answer(): Fields | undefined {
    return this.#last
  }

  onChunk(chunk: unknown): string {
    if (this.#hasEnded) return ''
    if (!isObject(chunk)) throw nonsense('a chunk is no object', this.#asked.model)
    const choice = firstChoice(chunk, this.#asked)
    this.#start()
    this.#builder.readHead(chunk)
    if (choice) this.#builder.read(isObject(choice.delta) ? choice.delta : {}, choice)
    return this.#take()
  }

  end(): string {
    if (this.#hasEnded) return ''
    this.#start()
    const response = this.#builder.finish()
    this.#hasEnded = true
    this.#last = response
    this.#emit(`response.${String(response.status)}`, { response })
    return this.#take()
  }

  /** Tells what there is of the response, then raises: OpenAI's clients do so on `error`. */
  onError(error: GatewayError): string {
    if (this.#hasEnded) return ''
    this.#hasEnded = true
    this.#start()
    this.#emit('response.failed', { response: this.#builder.failed(error) })
    const told = envelopeOf(error).error
    const { code, message, param } = told
    this.#emit('error', { code, message, param, error: told })
    return this.#take()
  }

  #start(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.#emit('response.created', { response: this.#builder.begun() })
    this.#emit('response.in_progress', { response: this.#builder.begun() })
  }

  #emit(type: string, fields: Fields): void {
    const event = { type, sequence_number: this.#sequence, ...fields }
    this.#sequence += 1
    this.#pending += `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`
  }

  #take(): string {
    const events = this.#pending
    this.#pending = ''
    return events
  }
}

function firstChoice(chat: unknown, asked: CallerRequest): Fields | undefined {
  if (!isObject(chat) || chat.choices === undefined || chat.choices === null) return undefined
  if (!isList(chat.choices)) throw nonsense("'choices' is no list", asked.model)
  const choices: readonly unknown[] = chat.choices
  if (!choices.every(isObject)) throw nonsense('a choice is no object', asked.model)
  return choices.find(({ index }) => (index ?? 0) === 0)
}
