import { isObject } from '../../modules/json-object.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { CallerRequest } from './caller-dialect.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'
import { nonsense } from './refusals.ts'
import type { Emit, Item, ItemPlace } from './responses-items.ts'
import { MessageItem } from './responses-message-item.ts'
import { ReasoningItem } from './responses-reasoning-item.ts'
import { ResponseCalls } from './responses-calls.ts'
import { responseOf, type ResponseState } from './responses-object.ts'

/** Makes a response out of what chat says: deltas as they come, or one message as one delta. */
export class ResponseBuilder {
  readonly #asked: CallerRequest
  readonly #emit: Emit
  readonly #items: Item[] = []
  readonly #calls: ResponseCalls
  #open: MessageItem | ReasoningItem | undefined
  #finish: unknown
  #usage: unknown
  #serviceTier: unknown

  constructor(asked: CallerRequest, emit: Emit) {
    this.#asked = asked
    this.#emit = emit
    this.#calls = new ResponseCalls(asked, (prefix) => this.#place(prefix))
  }

  /** The response before, or while, anything is said. */
  begun(): Fields {
    return this.#response({ status: 'in_progress' })
  }

  /** What stands beside the choices. */
  readHead(chat: Fields): void {
    if (isObject(chat.usage)) this.#usage = chat.usage
    this.#serviceTier = chat.service_tier ?? this.#serviceTier
  }

  read(delta: Fields, choice: Fields): void {
    this.#think(delta)
    this.#say(delta.content, choice)
    const refusal = this.#textIn(delta.refusal)
    if (refusal !== '') this.#message().say('refusal', refusal)
    this.#annotate(delta.annotations)
    if (isObject(delta.provider_specific_fields) && this.#open instanceof MessageItem)
      this.#open.keep(delta.provider_specific_fields)
    this.#call(delta.tool_calls)
    if (!isGiven(choice.finish_reason)) return
    this.#finish = choice.finish_reason
    // A call that is cut short may have none.
    if (!incompleteReasons.has(this.#finish)) this.#calls.requireNames()
  }

  /** Ends what is open; the response as it is for good. */
  finish(): Fields {
    const reason = incompleteReasons.get(this.#finish)
    const itemStatus = reason === undefined ? 'completed' : 'incomplete'
    if (this.#items.length === 0 && this.#calls.isEmpty && reason === undefined) this.#message()
    this.#close(this.#calls.isEmpty ? itemStatus : 'completed')
    this.#items.push(...this.#calls.close(itemStatus))
    const status = reason === undefined ? 'completed' : 'incomplete'
    return this.#response({ status, incomplete: reason })
  }

  /** The response of a stream that broke off. */
  failed(error: GatewayError): Fields {
    const code = error.status === 429 ? 'rate_limit_exceeded' : 'server_error'
    return this.#response({ status: 'failed', error: { code, message: error.message } })
  }

  #response(state: Omit<ResponseState, 'output' | 'usage' | 'serviceTier'>): Fields {
    return responseOf(this.#asked, {
      ...state,
      output: [...this.#items, ...this.#calls.opened].map((item) => item.snapshot()),
      usage: state.status === 'in_progress' ? undefined : this.#usage,
      serviceTier: this.#serviceTier,
    })
  }

  #think(delta: Fields): void {
    const told = this.#textIn(delta.reasoning_content) || this.#textIn(delta.reasoning)
    if (told !== '') this.#reasoning().think(told)
    if (!isList(delta.thinking_blocks)) return
    for (const block of delta.thinking_blocks) if (isObject(block)) this.#reasoning().keep(block)
  }

  #say(content: unknown, choice: Fields): void {
    if (isList(content)) {
      for (const part of content) this.#sayPart(part)
      return
    }
    const text = this.#textIn(content)
    if (text !== '') this.#message().say('output_text', text, logprobsIn(choice))
  }

  // Some servers answer in parts, thoughts among them.
  #sayPart(part: unknown): void {
    if (!isObject(part)) return
    const thoughts = isList(part.thinking) ? part.thinking : []
    for (const thought of thoughts) {
      const told = isObject(thought) ? (textOf(thought.text) ?? '') : ''
      if (told !== '') this.#reasoning().think(told)
    }
    const text = textOf(part.text) ?? ''
    if (text !== '') this.#message().say('output_text', text)
  }

  #annotate(annotations: unknown): void {
    if (!isList(annotations)) return
    for (const annotation of annotations) {
      if (!isObject(annotation) || !isObject(annotation.url_citation)) continue
      // The words it stands behind may be over; there is no item to put it on then.
      if (!(this.#open instanceof MessageItem)) return
      this.#open.annotate({ type: 'url_citation', ...annotation.url_citation })
    }
  }

  #call(calls: unknown): void {
    if (!isGiven(calls)) return
    if (!isList(calls)) throw nonsense("'tool_calls' is no list", this.#asked.model)
    if (calls.length === 0) return
    this.#close('completed')
    for (const [position, call] of calls.entries()) this.#calls.read(call, position)
  }

  #message(): MessageItem {
    if (this.#open instanceof MessageItem) return this.#open
    this.#beginOther()
    const item = new MessageItem(this.#place('msg'))
    return this.#begin(item)
  }

  #reasoning(): ReasoningItem {
    if (this.#open instanceof ReasoningItem) return this.#open
    this.#beginOther()
    return this.#begin(new ReasoningItem(this.#place('rs')))
  }

  #begin<T extends MessageItem | ReasoningItem>(item: T): T {
    this.#open = item
    this.#items.push(item)
    return item
  }

  // Words after calls: nothing more comes for those.
  #beginOther(): void {
    this.#close('completed')
    this.#items.push(...this.#calls.close('completed'))
  }

  #close(status: 'completed' | 'incomplete'): void {
    this.#open?.close(status)
    this.#open = undefined
  }

  #place(prefix: string): ItemPlace {
    const outputIndex = this.#items.length + this.#calls.opened.length
    const stem = this.#asked.answerId.replace(/^resp_/, '')
    return { id: `${prefix}_${stem}_${outputIndex}`, outputIndex, emit: this.#emit }
  }

  #textIn(value: unknown): string {
    if (!isGiven(value)) return ''
    if (typeof value === 'string') return value
    throw nonsense('a text was expected', this.#asked.model)
  }
}

const incompleteReasons = new Map<unknown, 'max_output_tokens' | 'content_filter'>([
  ['length', 'max_output_tokens'],
  ['content_filter', 'content_filter'],
])

function logprobsIn({ logprobs }: Fields): readonly Fields[] {
  const told = isObject(logprobs) && isList(logprobs.content) ? logprobs.content : []
  return told.filter(isObject).map((one) => ({
    token: one.token ?? '',
    bytes: isList(one.bytes) ? one.bytes : [],
    logprob: one.logprob ?? 0,
    top_logprobs: isList(one.top_logprobs) ? one.top_logprobs : [],
  }))
}
