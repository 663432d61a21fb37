import { isObject } from '../../modules/json-object.ts'
import { isForeignThought } from './anthropic-thoughts.ts'
import { isGiven, isList, type JsonObject } from './read-json.ts'

/**
 * A small change to a chat request that its provider would refuse as it is: the fields to set, undefined where
 * nothing needs a change. The request itself is left as it was.
 */
export type Repair = (fields: JsonObject) => JsonObject | undefined

// Some text is needed where the caller has none to say.
const filler = '.'

/** Gives a message without text a full stop, and takes empty parts out of a list. */
export const fillEmptyTexts: Repair = ({ messages }) =>
  changedMessages(messages, (message) => {
    const { content } = message
    const isCalling = isList(message['tool_calls']) && message['tool_calls'].length > 0
    if (isBlank(content)) return { ...message, content: isCalling ? null : filler }
    if (!isList(content)) return message
    const parts = content.filter((part) => !(isObject(part) && isBlank(part['text'])))
    if (parts.length === content.length) return message
    return { ...message, content: parts.length > 0 ? parts : filler }
  })

/** Puts a user's turn in front of a conversation that begins with another. */
export const beginWithUser: Repair = ({ messages }) => {
  if (!isList(messages)) return undefined
  const at = messages.findIndex((message) => !hasRole(message, ['system', 'developer']))
  if (at >= 0 && hasRole(messages[at], ['user'])) return undefined
  const first = { role: 'user', content: filler }
  return { messages: at < 0 ? [...messages, first] : messages.toSpliced(at, 0, first) }
}

/** Describes the tools that messages speak of where the request lists none. */
export const listCalledTools: Repair = ({ messages, tools }) => {
  if (isGiven(tools) || !isList(messages)) return undefined
  const names = new Set(messages.flatMap(calledIn))
  if (names.size === 0) return undefined
  return { tools: [...names].map(asTool) }
}

/** Leaves thoughts out, in Anthropic's words, that another server had and nobody signed. */
export const dropForeignThoughts: Repair = ({ messages }) =>
  changedMessages(messages, (message) => {
    const { content } = message
    if (!isList(content) || !content.some(isForeignThought)) return message
    return { ...message, content: content.filter((block) => !isForeignThought(block)) }
  })

/** Leaves `name` out of the messages. */
export const dropMessageNames: Repair = ({ messages }) =>
  changedMessages(messages, (message) => {
    if (!isGiven(message['name'])) return message
    const { name: _, ...rest } = message
    return rest
  })

/** Makes one text of a list of texts. */
export const joinTexts: Repair = ({ messages }) =>
  changedMessages(messages, (message) => {
    const { content } = message
    if (!isList(content) || !content.every(isTextPart)) return message
    return { ...message, content: content.map(({ text }) => text).join('\n') }
  })

/** Puts another word in place of one that a field must not have. */
export function sayInstead(field: string, word: string, instead: string): Repair {
  return (fields) => (fields[field] === word ? { [field]: instead } : undefined)
}

function changedMessages(
  messages: unknown,
  change: (message: JsonObject) => JsonObject,
): JsonObject | undefined {
  if (!isList(messages)) return undefined
  let isChanged = false
  const changed = messages.map((message) => {
    const after = isObject(message) ? change(message) : message
    isChanged ||= after !== message
    return after
  })
  return isChanged ? { messages: changed } : undefined
}

function isBlank(text: unknown): boolean {
  return typeof text === 'string' && text.trim() === ''
}

function isTextPart(part: unknown): part is { readonly text: string } {
  return isObject(part) && part['type'] === 'text' && typeof part['text'] === 'string'
}

function hasRole(message: unknown, roles: readonly string[]): boolean {
  return isObject(message) && typeof message['role'] === 'string' && roles.includes(message['role'])
}

function calledIn(message: unknown): readonly string[] {
  const calls = isObject(message) ? message['tool_calls'] : undefined
  if (!isList(calls)) return []
  return calls.flatMap((call) => {
    const called = isObject(call) && isObject(call['function']) ? call['function']['name'] : ''
    return typeof called === 'string' && called !== '' ? [called] : []
  })
}

function asTool(name: string): JsonObject {
  return { type: 'function', function: { name, parameters: { type: 'object', properties: {} } } }
}
