import { base64Of } from './data-url.ts'
import { invalid } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { argumentsOf } from './tool-arguments.ts'

/** Ollama's `messages` from OpenAI's: parts flattened, pictures beside the text, arguments as objects. */
export function messagesOf(messages: unknown): readonly JsonObject[] {
  if (!isList(messages) || messages.length === 0)
    throw invalid('messages', 'must be a list with at least one message.')
  const toolNames = new Map<string, string>()
  return messages.map((message, index) => messageOf(message, `messages[${index}]`, toolNames))
}

const roles: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
}

function messageOf(message: unknown, path: string, toolNames: Map<string, string>): JsonObject {
  if (!isObject(message)) throw invalid(path, 'must be an object with a role and a content.')
  const role =
    typeof message.role === 'string' && Object.hasOwn(roles, message.role)
      ? roles[message.role]
      : undefined
  if (role === undefined)
    throw invalid(`${path}.role`, `must be one of ${Object.keys(roles).join(', ')}.`)
  const { text, images } = contentOf(message.content, `${path}.content`)
  return {
    role,
    content: text,
    ...(images.length > 0 && { images }),
    ...(role === 'assistant' && ownTurn(message, path, toolNames)),
    ...(role === 'tool' && toolAnswer(message, toolNames)),
  }
}

function ownTurn(message: JsonObject, path: string, toolNames: Map<string, string>): JsonObject {
  const thinking = textOf(message.reasoning_content) ?? textOf(message.reasoning)
  const calls = isGiven(message.tool_calls)
    ? toolCallsOf(message.tool_calls, `${path}.tool_calls`, toolNames)
    : []
  return {
    ...(thinking !== undefined && { thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function toolAnswer(message: JsonObject, toolNames: ReadonlyMap<string, string>): JsonObject {
  const id = textOf(message.tool_call_id)
  const name = (id === undefined ? undefined : toolNames.get(id)) ?? textOf(message.name)
  return {
    ...(name !== undefined && { tool_name: name }),
    ...(id !== undefined && { tool_call_id: id }),
  }
}

function toolCallsOf(
  calls: unknown,
  path: string,
  toolNames: Map<string, string>,
): readonly JsonObject[] {
  if (!isList(calls)) throw invalid(path, 'must be a list.')
  return calls.map((call, index) => {
    const asked = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(asked?.name)
    if (!isObject(call) || name === undefined)
      throw invalid(`${path}[${index}]`, 'must have a function with a name.')
    const id = textOf(call.id)
    if (id !== undefined) toolNames.set(id, name)
    const at = `${path}[${index}].function.arguments`
    return {
      ...(id !== undefined && { id }),
      function: { name, arguments: argumentsOf(asked?.arguments, at) },
    }
  })
}

interface Content {
  readonly text: string
  readonly images: readonly string[]
}

function contentOf(content: unknown, path: string): Content {
  if (!isGiven(content)) return { text: '', images: [] }
  if (typeof content === 'string') return { text: content, images: [] }
  if (!isList(content)) throw invalid(path, 'must be a text or a list of parts.')
  const texts: string[] = []
  const images: string[] = []
  content.forEach((part, index) => {
    const at = `${path}[${index}]`
    if (!isObject(part)) throw invalid(at, 'must be an object with a type.')
    if (part.type === 'image_url') images.push(pictureOf(part.image_url, `${at}.image_url`))
    else texts.push(partText(part, at))
  })
  return { text: texts.join('\n'), images }
}

function partText(part: JsonObject, path: string): string {
  const text =
    part.type === 'text'
      ? textOf(part.text)
      : part.type === 'refusal'
        ? textOf(part.refusal)
        : undefined
  if (text === undefined)
    throw invalid(path, 'must be a text or an image_url part; this model takes nothing else.')
  return text
}

function pictureOf(picture: unknown, path: string): string {
  const url = isObject(picture) ? picture.url : picture
  if (typeof url !== 'string') throw invalid(path, 'must have a url.')
  return base64Of(url, `${path}.url`)
}
