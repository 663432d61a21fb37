import { isObject } from '../../modules/json-object.ts'
import type { Fields } from './read-fields.ts'
import { kept, type Item, type ItemPlace, type ItemStatus } from './responses-items.ts'

/** Which tool is called, and the id its output will refer to. */
export interface CallHead {
  readonly name: string
  readonly callId: string
}

/** A call of one of the caller's functions, told as it is written. */
export class FunctionCallItem implements Item {
  readonly #place: ItemPlace
  readonly #call: CallHead
  #written = ''
  #status: ItemStatus = 'in_progress'
  #extras: Fields = {}

  constructor(place: ItemPlace, call: CallHead) {
    this.#place = place
    this.#call = call
    place.emit('response.output_item.added', {
      output_index: place.outputIndex,
      item: this.snapshot(),
    })
  }

  write(delta: string): void {
    if (delta === '') return
    this.#written += delta
    this.#tell('response.function_call_arguments.delta', { delta })
  }

  keep(extras: Fields): void {
    this.#extras = { ...this.#extras, ...extras }
  }

  close(status: Exclude<ItemStatus, 'in_progress'>): void {
    // A function without arguments is called with nothing; callers parse JSON.
    if (this.#written === '' && status === 'completed') this.write('{}')
    this.#tell('response.function_call_arguments.done', {
      name: this.#call.name,
      arguments: this.#written,
    })
    this.#status = status
    this.#place.emit('response.output_item.done', {
      output_index: this.#place.outputIndex,
      item: this.snapshot(),
    })
  }

  snapshot(): Fields {
    return {
      id: this.#place.id,
      type: 'function_call',
      status: this.#status,
      arguments: this.#written,
      call_id: this.#call.callId,
      name: this.#call.name,
      ...kept(this.#extras),
    }
  }

  #tell(type: string, fields: Fields): void {
    this.#place.emit(type, {
      item_id: this.#place.id,
      output_index: this.#place.outputIndex,
      ...fields,
    })
  }
}

/** A call of a tool that takes any text; chat has it as JSON around that text, told once it is whole. */
export class CustomCallItem implements Item {
  readonly #place: ItemPlace
  readonly #call: CallHead
  #written = ''
  #input = ''
  #status: ItemStatus = 'in_progress'
  #extras: Fields = {}

  constructor(place: ItemPlace, call: CallHead) {
    this.#place = place
    this.#call = call
    place.emit('response.output_item.added', {
      output_index: place.outputIndex,
      item: this.snapshot(),
    })
  }

  write(delta: string): void {
    this.#written += delta
  }

  keep(extras: Fields): void {
    this.#extras = { ...this.#extras, ...extras }
  }

  close(status: Exclude<ItemStatus, 'in_progress'>): void {
    const at = { item_id: this.#place.id, output_index: this.#place.outputIndex }
    const input = inputIn(this.#written)
    this.#input = input
    this.#status = status
    this.#place.emit('response.custom_tool_call_input.delta', { ...at, delta: input })
    this.#place.emit('response.custom_tool_call_input.done', { ...at, input })
    this.#place.emit('response.output_item.done', {
      output_index: this.#place.outputIndex,
      item: this.snapshot(),
    })
  }

  snapshot(): Fields {
    return {
      id: this.#place.id,
      type: 'custom_tool_call',
      status: this.#status,
      call_id: this.#call.callId,
      input: this.#input,
      name: this.#call.name,
      ...kept(this.#extras),
    }
  }
}

/** The text within the JSON; all of it where a model wrote something else. */
function inputIn(written: string): string {
  try {
    const value: unknown = JSON.parse(written)
    if (isObject(value) && typeof value.input === 'string') return value.input
  } catch {
    return written
  }
  return written
}
