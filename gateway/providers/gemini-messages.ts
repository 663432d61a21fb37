import { isObject } from '../../modules/json-object.ts'
import { invalid } from './dialect-limits.ts'
import { mediaPart } from './gemini-media.ts'
import { partsOf } from './gemini-parts.ts'
import { signatureOfCall, signatureOfText, unsigned } from './gemini-signatures.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { argumentsOf } from './tool-arguments.ts'

/** What this end of the dialect wants of a conversation. */
export interface MessageRules {
  readonly needsSignatures: boolean
  /** Whether calls and their results may carry Gemini's own ids. */
  readonly takesCallIds: boolean
}

/** A conversation in Gemini's words. */
export interface Conversation {
  readonly systemInstruction?: JsonObject
  readonly contents: readonly JsonObject[]
}

type Kind = 'user' | 'model' | 'results'

interface Turn {
  readonly kind: Kind
  readonly parts: JsonObject[]
}

const kinds: Readonly<Record<string, Kind | 'system'>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'model',
  tool: 'results',
  function: 'results',
}

/** Gemini's `contents` and `systemInstruction` from OpenAI's messages: turns joined, results by the name of their tool. */
export function conversationOf(messages: unknown, rules: MessageRules): Conversation {
  if (!isList(messages) || messages.length === 0)
    throw invalid('messages', 'must be a list with at least one message.')
  const toolNames = new Map<string, string>()
  const system: JsonObject[] = []
  const turns: Turn[] = []
  messages.forEach((message, index) => {
    const path = `messages[${index}]`
    if (!isObject(message)) throw invalid(path, 'must be an object with a role and a content.')
    const kind = kindOf(message.role, path)
    if (kind === 'system') system.push(...partsOf(message.content, `${path}.content`))
    else addTurn(turns, kind, partsIn(message, kind, { path, toolNames, rules }))
  })
  // Gemini answers nothing to instructions alone.
  if (turns.length === 0) addTurn(turns, 'user', [{ text: ' ' }])
  return {
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    contents: turns.map(({ kind, parts }) => ({
      role: kind === 'model' ? 'model' : 'user',
      parts,
    })),
  }
}

function kindOf(role: unknown, path: string): Kind | 'system' {
  const kind = typeof role === 'string' && Object.hasOwn(kinds, role) ? kinds[role] : undefined
  if (kind === undefined)
    throw invalid(`${path}.role`, `must be one of ${Object.keys(kinds).join(', ')}.`)
  return kind
}

function addTurn(turns: Turn[], kind: Kind, parts: readonly JsonObject[]): void {
  if (parts.length === 0) return
  const last = turns.at(-1)
  // Results stand in a turn of their own: as many as there were calls.
  if (last?.kind === kind) last.parts.push(...parts)
  else turns.push({ kind, parts: [...parts] })
}

interface At {
  readonly path: string
  readonly toolNames: Map<string, string>
  readonly rules: MessageRules
}

function partsIn(message: JsonObject, kind: Kind, at: At): readonly JsonObject[] {
  if (kind === 'results') return resultOf(message, at)
  const parts = partsOf(message.content, `${at.path}.content`)
  if (kind === 'user') return parts.length > 0 ? parts : [{ text: ' ' }]
  return [...signedTexts(message, parts), ...picturesOf(message, at), ...callsOf(message, at)]
}

function signedTexts(message: JsonObject, parts: readonly JsonObject[]): readonly JsonObject[] {
  const thoughtSignature = signatureOfText(message)
  const last = parts.at(-1)
  if (thoughtSignature === undefined || last === undefined) return parts
  return [...parts.slice(0, -1), { ...last, thoughtSignature }]
}

/** Pictures the model drew in an earlier turn, as answers carry them. */
function picturesOf({ images }: JsonObject, { path }: At): readonly JsonObject[] {
  if (!isList(images)) return []
  return images.flatMap((image, index) => {
    const url = isObject(image) && isObject(image.image_url) ? textOf(image.image_url.url) : ''
    if (!isObject(image) || url === undefined || url === '') return []
    const part = mediaPart(url, `${path}.images[${index}].image_url.url`, {
      otherwise: 'image/png',
    })
    const thoughtSignature = signatureOfCall(image)
    return [{ ...part, ...(thoughtSignature !== undefined && { thoughtSignature }) }]
  })
}

function callsOf(message: JsonObject, { path, toolNames, rules }: At): readonly JsonObject[] {
  if (!isGiven(message.tool_calls)) return []
  if (!isList(message.tool_calls)) throw invalid(`${path}.tool_calls`, 'must be a list.')
  return message.tool_calls.map((call, index) => {
    const at = `${path}.tool_calls[${index}]`
    const called = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(called?.name)
    if (!isObject(call) || called === undefined || name === undefined)
      throw invalid(at, 'must have a function with a name.')
    const id = textOf(call.id)
    if (id !== undefined) toolNames.set(id, name)
    const args = argumentsOf(called.arguments, `${at}.function.arguments`)
    const isFirst = index === 0
    const thoughtSignature =
      signatureOfCall(call) ?? (rules.needsSignatures && isFirst ? unsigned : undefined)
    return {
      functionCall: { ...sentId(id, rules), name, args },
      ...(thoughtSignature !== undefined && { thoughtSignature }),
    }
  })
}

function sentId(id: string | undefined, { takesCallIds }: MessageRules): JsonObject {
  // `call_…` is ours or another vendor's: by such an id Gemini knows nothing.
  return takesCallIds && id !== undefined && !id.startsWith('call_') ? { id } : {}
}

function resultOf(message: JsonObject, { path, toolNames, rules }: At): readonly JsonObject[] {
  const id = textOf(message.tool_call_id)
  const name = (id === undefined ? undefined : toolNames.get(id)) ?? textOf(message.name)
  if (name === undefined)
    throw invalid(
      `${path}.tool_call_id`,
      'must be the id of a tool call in a message before it, or the message must have the name of the tool.',
    )
  const parts = partsOf(message.content, `${path}.content`)
  const texts = parts.flatMap((part) => textOf(part.text) ?? [])
  const response = resultIn(texts.join('\n'))
  return [
    { functionResponse: { ...sentId(id, rules), name, response } },
    ...parts.filter((part) => !isGiven(part.text)),
  ]
}

/** Gemini wants an object; anything else stands under `output` in it. */
function resultIn(text: string): JsonObject {
  const value = /^\s*\{/.test(text) ? parsed(text) : undefined
  return isObject(value) ? value : { output: text }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
