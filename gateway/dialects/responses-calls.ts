import { isObject } from '../../modules/json-object.ts'
import type { CallerRequest } from './caller-dialect.ts'
import { isGiven, textOf } from './read-fields.ts'
import { nonsense } from './refusals.ts'
import { CallItem } from './responses-call-items.ts'
import type { ItemPlace } from './responses-items.ts'
import { customToolsIn } from './responses-tools.ts'

interface Call {
  id: string | undefined
  /** Undefined until the server has named the tool. */
  item: CallItem | undefined
  /** Written before the tool had a name. */
  early: string
}

/** Calls of tools while they come. Servers may write several at once: all stay open until something else is said. */
export class ResponseCalls {
  readonly #asked: CallerRequest
  readonly #place: (prefix: string) => ItemPlace
  readonly #custom: ReadonlySet<string>
  readonly #byKey = new Map<unknown, Call>()
  readonly #ids = new Set<string>()
  #calls: Call[] = []

  constructor(asked: CallerRequest, place: (prefix: string) => ItemPlace) {
    this.#asked = asked
    this.#place = place
    this.#custom = customToolsIn(asked.fields)
  }

  get isEmpty(): boolean {
    return this.#calls.length === 0
  }

  /** Those that have been told, in their order. */
  get opened(): readonly CallItem[] {
    return this.#calls.flatMap(({ item }) => item ?? [])
  }

  /** One piece; `position` is its place where the server gives no index. */
  read(piece: unknown, position: number): void {
    if (!isObject(piece)) throw nonsense('a tool call is no object', this.#asked.model)
    const called = isObject(piece.function) ? piece.function : {}
    const call = this.#find(piece.index ?? position, textOf(piece.id) || undefined)
    if (call.item === undefined) this.#open(call, textOf(called.name) ?? '')
    this.#write(call, argumentsIn(called.arguments))
    const extras = piece.provider_specific_fields ?? called.provider_specific_fields
    if (isObject(extras)) call.item?.keep(extras)
  }

  /** Throws `upstream_nonsense` for a call that nobody could answer. */
  requireNames(): void {
    if (this.#calls.some(({ item }) => item === undefined))
      throw nonsense('a tool call has no name', this.#asked.model)
  }

  /** Ends them all and forgets them; the last may be cut short. */
  close(status: 'completed' | 'incomplete'): readonly CallItem[] {
    const { opened } = this
    for (const [index, item] of opened.entries())
      item.close(index === opened.length - 1 ? status : 'completed')
    this.#calls = []
    this.#byKey.clear()
    return opened
  }

  #find(key: unknown, id: string | undefined): Call {
    const known = this.#byKey.get(key)
    // Some servers number every call 0.
    if (known && (id === undefined || known.id === undefined || id === known.id)) {
      if (known.item === undefined) known.id ??= id
      return known
    }
    const call: Call = { id, item: undefined, early: '' }
    this.#byKey.set(key, call)
    this.#calls.push(call)
    return call
  }

  #open(call: Call, name: string): void {
    if (name === '') return
    const isCustom = this.#custom.has(name)
    const place = this.#place(isCustom ? 'ctc' : 'fc')
    const callId = this.#newId(call.id ?? `call_${place.id.replace(/^\w+?_/, '')}`)
    call.item = new CallItem(place, { name, callId, isCustom })
    call.item.write(call.early)
  }

  // Clients tell calls apart by it, and not every server does.
  #newId(id: string): string {
    let fresh = id
    for (let count = 2; this.#ids.has(fresh); count += 1) fresh = `${id}_${count}`
    this.#ids.add(fresh)
    return fresh
  }

  #write(call: Call, text: string): void {
    if (call.item) call.item.write(text)
    else call.early += text
  }
}

function argumentsIn(written: unknown): string {
  if (!isGiven(written)) return ''
  return typeof written === 'string' ? written : JSON.stringify(written)
}
