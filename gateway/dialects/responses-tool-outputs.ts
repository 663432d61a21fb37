import { isObject } from '../../modules/json-object.ts'
import { invalid } from './refusals.ts'
import { textOf, type Fields } from './read-fields.ts'
import { contentOf } from './responses-parts.ts'

/** The outputs of tools in an input, by the call they answer. */
export class ToolOutputs {
  // Some servers give the same id in every turn: the first output belongs to the first call.
  readonly #byCall = new Map<string, Fields[]>()

  constructor(input: readonly unknown[]) {
    for (const [index, item] of input.entries()) {
      if (isObject(item) && isOutput(item)) this.#add(item, `input[${index}]`)
    }
  }

  #add(item: Fields, path: string): void {
    const id = textOf(item.call_id) ?? ''
    if (id === '') throw invalid(`${path}.call_id`, 'must be the id of the call it answers.')
    const content = contentOf(item.output, `${path}.output`)
    const message = { role: 'tool', tool_call_id: id, content }
    const known = this.#byCall.get(id)
    if (known) known.push(message)
    else this.#byCall.set(id, [message])
  }

  /** The message that answers a call. Throws `invalid_request` where there is none. */
  take(callId: unknown): Fields {
    const found = this.#byCall.get(String(callId))?.shift()
    if (found) return found
    throw invalid('input', `has no tool output for function call ${shown(callId)}.`)
  }

  requireAllUsed(): void {
    for (const [id, left] of this.#byCall) {
      if (left.length > 0)
        throw invalid('input', `has no function call for the tool output of ${shown(id)}.`)
    }
  }
}

function isOutput({ type }: Fields): boolean {
  return type === 'function_call_output' || type === 'custom_tool_call_output'
}

function shown(id: unknown): string {
  return String(id).slice(0, 100)
}
