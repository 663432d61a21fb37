import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './refusals.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'
import { contentOf } from './responses-parts.ts'
import { openThoughts } from './responses-thoughts.ts'
import type { ChatModel } from './caller-dialect.ts'
import { ToolOutputs } from './responses-tool-outputs.ts'

/** Chat's messages from `instructions` and `input`. */
export function messagesOf(fields: Fields, options: ChatModel): readonly Fields[] {
  const { instructions, input } = fields
  const first = isGiven(instructions) ? [systemMessage(instructions, 'instructions')] : []
  if (typeof input === 'string') return [...first, { role: 'user', content: input }]
  if (!isList(input)) throw invalid('input', 'must be a text or a list of items.')
  return joinFirstSystem([...first, ...new MessageWriter(input, options).write()])
}

function systemMessage(content: unknown, path: string): Fields {
  return { role: 'system', content: contentOf(content, path) }
}

/** Many chat templates take one system message, at the very beginning. */
function joinFirstSystem(messages: readonly Fields[]): readonly Fields[] {
  const end = messages.findIndex(
    ({ role, content }) => role !== 'system' || typeof content !== 'string',
  )
  const count = end < 0 ? messages.length : end
  if (count < 2) return messages
  const content = messages
    .slice(0, count)
    .map((message) => message.content)
    .join('\n\n')
  return [{ role: 'system', content }, ...messages.slice(count)]
}

/** What a model said in one go: thoughts, words and calls, which chat has in one message. */
interface Turn {
  readonly reasoning: string[]
  readonly thoughts: Fields[]
  readonly said: string[]
  readonly calls: Fields[]
  extras: Fields
}

class MessageWriter {
  readonly #input: readonly unknown[]
  readonly #options: ChatModel
  readonly #outputs: ToolOutputs
  readonly #messages: Fields[] = []
  #turn: Turn | undefined

  constructor(input: readonly unknown[], options: ChatModel) {
    this.#input = input
    this.#options = options
    this.#outputs = new ToolOutputs(input)
  }

  write(): readonly Fields[] {
    for (const [index, item] of this.#input.entries()) this.#add(item, `input[${index}]`)
    this.#endTurn()
    this.#outputs.requireAllUsed()
    return this.#messages
  }

  #add(item: unknown, path: string): void {
    if (!isObject(item)) throw invalid(path, 'must be an object: a message or another item.')
    const type = kindOf(item)
    switch (type) {
      case 'message':
        return this.#addMessage(item, path)
      case 'reasoning':
        return this.#addReasoning(item)
      case 'function_call':
      case 'custom_tool_call':
        return this.#addCall(item, path)
      case 'function_call_output':
      case 'custom_tool_call_output':
        // It stands behind its call, wherever it was sent; a call after it is another turn.
        return this.#endTurn()
      case 'item_reference':
        throw invalid(
          `${path}.id`,
          'refers to an item that is not kept here. Send the item itself; with the Vercel AI SDK set store: false.',
        )
      default:
        if (this.#options.dropsParams !== true) throw foreignItem(`${path}.type`, type)
    }
  }

  #addMessage(item: Fields, path: string): void {
    const { role, content } = item
    if (role === 'assistant') return this.#addSaid(item, path)
    this.#endTurn()
    if (role === 'system' || role === 'developer') {
      this.#messages.push(systemMessage(content, `${path}.content`))
    } else if (role === 'user') {
      this.#messages.push({ role, content: contentOf(content, `${path}.content`) })
    } else throw invalid(`${path}.role`, 'must be user, assistant, system or developer.')
  }

  #addSaid(item: Fields, path: string): void {
    const content = contentOf(item.content, `${path}.content`)
    if (typeof content !== 'string')
      throw invalid(`${path}.content`, 'of an assistant must be texts.')
    if (this.#turn && this.#turn.said.length > 0 && this.#turn.calls.length === 0) this.#endTurn()
    const turn = this.#openTurn()
    turn.said.push(content)
    turn.extras = { ...turn.extras, ...extrasOf(item) }
  }

  #addReasoning(item: Fields): void {
    // Thoughts begin a turn, unless only other thoughts stand before them.
    if (this.#turn && this.#turn.said.length + this.#turn.calls.length > 0) this.#endTurn()
    const turn = this.#openTurn()
    turn.thoughts.push(...openThoughts(item.encrypted_content))
    const whole = textsIn(item.content)
    turn.reasoning.push(...(whole.length > 0 ? whole : textsIn(item.summary)))
  }

  #addCall(item: Fields, path: string): void {
    const name = textOf(item.name) ?? ''
    const id = textOf(item.call_id) ?? ''
    if (name === '') throw invalid(`${path}.name`, 'must be the name of the tool.')
    if (id === '') throw invalid(`${path}.call_id`, 'must be the id its output refers to.')
    const text =
      item.type === 'custom_tool_call'
        ? JSON.stringify({ input: textOf(item.input) ?? '' })
        : item.arguments
    if (typeof text !== 'string') throw invalid(`${path}.arguments`, 'must be JSON as a text.')
    this.#openTurn().calls.push({
      id,
      type: 'function',
      function: { name, arguments: text },
      ...extrasOf(item),
    })
  }

  #openTurn(): Turn {
    this.#turn ??= { reasoning: [], thoughts: [], said: [], calls: [], extras: {} }
    return this.#turn
  }

  #endTurn(): void {
    const turn = this.#turn
    this.#turn = undefined
    if (!turn || turn.said.length + turn.calls.length === 0) return
    const isCalling = turn.calls.length > 0
    const reasoning = turn.reasoning.join('\n\n')
    this.#messages.push({
      role: 'assistant',
      content: turn.said.length === 0 ? null : turn.said.join('\n\n'),
      // Servers want thoughts back while tools are at work, and many refuse them afterwards.
      ...(isCalling && reasoning !== '' && { reasoning_content: reasoning }),
      ...(turn.thoughts.length > 0 && { thinking_blocks: turn.thoughts }),
      ...(isCalling && { tool_calls: turn.calls }),
      ...turn.extras,
    })
    for (const { id } of turn.calls) this.#messages.push(this.#outputs.take(id))
  }
}

// Signatures of some vendors travel here, as they do in chat.
function extrasOf({ provider_specific_fields: told }: Fields): Fields {
  return isObject(told) ? { provider_specific_fields: told } : {}
}

function textsIn(parts: unknown): readonly string[] {
  if (!isList(parts)) return []
  return parts.flatMap((part) => (isObject(part) && textOf(part.text)) || [])
}

function kindOf({ type, role, id }: Fields): string {
  if (typeof type === 'string') return type
  if (role !== undefined) return 'message'
  return typeof id === 'string' ? 'item_reference' : ''
}

function foreignItem(param: string, type: string) {
  if (type === '') return invalid(param, 'must be the kind of item, such as message.')
  return unsupported(
    param,
    `items of type ${JSON.stringify(type.slice(0, 60))} belong to tools that OpenAI runs itself. Leave them out, or set drop_params: true for the model.`,
  )
}
