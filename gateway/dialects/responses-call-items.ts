import { isObject } from '../../modules/json-object.ts'
import type { Fields } from './read-fields.ts'
import { kept, tellItem, type Item, type ItemPlace, type ItemStatus } from './responses-items.ts'

/** Which tool is called, and the id its output will refer to. */
export interface CallHead {
  readonly name: string
  readonly callId: string
  /** The tool takes any text. Chat has it as JSON around that text, so it is told once that is whole. */
  readonly isCustom: boolean
}

/** A call of one of the caller's tools. */
export class CallItem implements Item {
  readonly #place: ItemPlace
  readonly #head: CallHead
  #written = ''
  #status: ItemStatus = 'in_progress'
  #extras: Fields = {}

  constructor(place: ItemPlace, head: CallHead) {
    this.#place = place
    this.#head = head
    tellItem('added', place, this)
  }

  write(delta: string): void {
    if (delta === '') return
    this.#written += delta
    if (!this.#head.isCustom) this.#tell('function_call_arguments.delta', { delta })
  }

  /** What the vendor wants back with the call. */
  keep(extras: Fields): void {
    this.#extras = { ...this.#extras, ...extras }
  }

  close(status: Exclude<ItemStatus, 'in_progress'>): void {
    this.#status = status
    if (this.#head.isCustom) {
      const input = inputIn(this.#written)
      this.#tell('custom_tool_call_input.delta', { delta: input })
      this.#tell('custom_tool_call_input.done', { input })
    } else {
      // A function without arguments is called with nothing; callers parse JSON.
      if (this.#written === '' && status === 'completed') this.write('{}')
      const { name } = this.#head
      this.#tell('function_call_arguments.done', { name, arguments: this.#written })
    }
    tellItem('done', this.#place, this)
  }

  snapshot(): Fields {
    const { name, callId, isCustom } = this.#head
    const input = this.#status === 'in_progress' ? '' : inputIn(this.#written)
    return {
      id: this.#place.id,
      type: isCustom ? 'custom_tool_call' : 'function_call',
      status: this.#status,
      ...(isCustom ? { input } : { arguments: this.#written }),
      call_id: callId,
      name,
      ...kept(this.#extras),
    }
  }

  #tell(event: string, fields: Fields): void {
    const { id, outputIndex, emit } = this.#place
    emit(`response.${event}`, { item_id: id, output_index: outputIndex, ...fields })
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
