import { invalid } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { argumentsOf } from './tool-arguments.ts'

/** Cohere's `messages` from OpenAI's. */
export function messagesOf(messages: unknown): readonly JsonObject[] {
  if (!isList(messages) || messages.length === 0)
    throw invalid('messages', 'must be a list with at least one message.')
  return messages.map((message, index) => messageOf(message, `messages[${index}]`))
}

const writers: Readonly<Record<string, (message: JsonObject, path: string) => JsonObject>> = {
  system: systemMessage,
  developer: systemMessage,
  user: (message, path) => ({
    role: 'user',
    content: contentOf(message.content, `${path}.content`, true),
  }),
  assistant: assistantMessage,
  tool: toolMessage,
}

function messageOf(message: unknown, path: string): JsonObject {
  if (!isObject(message)) throw invalid(path, 'must be an object with a role and a content.')
  const role = textOf(message.role) ?? ''
  const write = Object.hasOwn(writers, role) ? writers[role] : undefined
  if (write === undefined)
    throw invalid(`${path}.role`, `must be one of ${Object.keys(writers).join(', ')}.`)
  return write(message, path)
}

function systemMessage(message: JsonObject, path: string): JsonObject {
  return { role: 'system', content: contentOf(message.content, `${path}.content`, false) }
}

/** What a model said beside its calls is Cohere's `tool_plan`; what it thought goes back as it came. */
function assistantMessage(message: JsonObject, path: string): JsonObject {
  const content = contentOf(message.content, `${path}.content`, false)
  const calls = callsOf(message.tool_calls, `${path}.tool_calls`)
  const thought = textOf(message.reasoning_content)
  const thinking = thought ? [{ type: 'thinking', thinking: thought }] : []
  if (calls.length > 0) {
    const plan = textIn(content)
    return {
      role: 'assistant',
      ...(thinking.length > 0 && { content: thinking }),
      ...(plan !== '' && { tool_plan: plan }),
      tool_calls: calls,
    }
  }
  const said = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return { role: 'assistant', content: thinking.length > 0 ? [...thinking, ...said] : content }
}

function toolMessage(message: JsonObject, path: string): JsonObject {
  const id = textOf(message.tool_call_id)
  if (id === undefined) throw invalid(`${path}.tool_call_id`, 'must name the call it answers.')
  // Its own way to hand over results, as documents that can be cited.
  const isOwn = isList(message.content) && message.content.some(isDocument)
  const content = isOwn ? message.content : textIn(contentOf(message.content, path, false))
  return { role: 'tool', tool_call_id: id, content }
}

function isDocument(part: unknown): boolean {
  return isObject(part) && part.type === 'document'
}

function callsOf(calls: unknown, path: string): readonly JsonObject[] {
  if (!isGiven(calls)) return []
  if (!isList(calls)) throw invalid(path, 'must be a list.')
  return calls.map((call, index) => {
    const at = `${path}[${index}]`
    const asked = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(asked?.name)
    const id = isObject(call) ? textOf(call.id) : undefined
    if (name === undefined || id === undefined)
      throw invalid(at, 'must have an id and a function with a name.')
    const written = argumentsOf(asked?.arguments, `${at}.function.arguments`)
    return { id, type: 'function', function: { name, arguments: JSON.stringify(written) } }
  })
}

type Content = string | readonly JsonObject[]

function contentOf(content: unknown, path: string, mayHavePictures: boolean): Content {
  if (!isGiven(content)) return ''
  if (typeof content === 'string') return content
  if (!isList(content)) throw invalid(path, 'must be a text or a list of parts.')
  const parts = content.map((part, index) => partOf(part, `${path}[${index}]`, mayHavePictures))
  return parts.every(({ type }) => type === 'text') ? textIn(parts) : parts
}

function partOf(part: unknown, path: string, mayHavePictures: boolean): JsonObject {
  if (!isObject(part)) throw invalid(path, 'must be an object with a type.')
  const text = part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : undefined
  if (typeof text === 'string') return { type: 'text', text }
  if (part.type === 'image_url' && mayHavePictures) return pictureOf(part.image_url, path)
  const kinds = mayHavePictures ? 'a text or an image_url part' : 'a text part'
  throw invalid(path, `must be ${kinds}; this model takes nothing else here.`)
}

function pictureOf(picture: unknown, path: string): JsonObject {
  const { url, detail } = isObject(picture) ? picture : { url: picture, detail: undefined }
  if (typeof url !== 'string') throw invalid(`${path}.image_url`, 'must have a url.')
  return { type: 'image_url', image_url: { url, ...(isGiven(detail) && { detail }) } }
}

function textIn(content: Content): string {
  if (typeof content === 'string') return content
  return content.map(({ text }) => textOf(text) ?? '').join('\n')
}
