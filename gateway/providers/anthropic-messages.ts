import { isObject } from '../../modules/json-object.ts'
import { blocksOf, cacheMark } from './anthropic-parts.ts'
import { isForeignThought, thoughtsOf } from './anthropic-thoughts.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { argumentsOf } from './tool-arguments.ts'

/** A conversation in Anthropic's form: system prompts apart, turns of two speakers. */
export interface Conversation {
  readonly system: readonly JsonObject[]
  readonly turns: readonly Turn[]
}

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: JsonObject[]
}

type Blocks = (message: JsonObject, path: string) => readonly JsonObject[]

const speakers: Readonly<Record<string, { role: Turn['role'] | 'system'; blocks: Blocks }>> = {
  system: { role: 'system', blocks: said },
  developer: { role: 'system', blocks: said },
  user: { role: 'user', blocks: said },
  tool: { role: 'user', blocks: toolResult },
  assistant: { role: 'assistant', blocks: ownTurn },
}

/** OpenAI's messages as a conversation; what one speaker says in a row becomes one turn. */
export function conversationOf(messages: unknown): Conversation {
  if (!isList(messages) || messages.length === 0)
    throw invalid('messages', 'must be a list with at least one message.')
  const system: JsonObject[] = []
  const turns: Turn[] = []
  messages.forEach((message, index) => {
    const path = `messages[${index}]`
    if (!isObject(message)) throw invalid(path, 'must be an object with a role and a content.')
    const { role, blocks } = speakerOf(message.role, path)
    const spoken = marked(blocks(message, path), message)
    if (role === 'system') system.push(...spoken)
    else if (spoken.length > 0) take(turns, role, spoken)
  })
  trimLast(turns)
  return { system, turns }
}

function speakerOf(role: unknown, path: string) {
  const speaker = typeof role === 'string' && Object.hasOwn(speakers, role) && speakers[role]
  if (speaker) return speaker
  const known = Object.keys(speakers).join(', ')
  throw invalid(
    `${path}.role`,
    role === 'function' ? 'must be tool, which replaced function.' : `must be one of ${known}.`,
  )
}

function take(turns: Turn[], role: Turn['role'], blocks: readonly JsonObject[]): void {
  const last = turns.at(-1)
  if (last?.role !== role) turns.push({ role, content: [...blocks] })
  else if (blocks.every(isResult)) last.content.splice(resultsIn(last), 0, ...blocks)
  else last.content.push(...blocks)
}

/** Results of tools stand before anything else that is said with them. */
function resultsIn({ content }: Turn): number {
  const at = content.findIndex((block) => !isResult(block))
  return at < 0 ? content.length : at
}

function isResult({ type }: JsonObject): boolean {
  return type === 'tool_result'
}

/** A mark on the message means the last of its blocks. */
function marked(blocks: readonly JsonObject[], message: JsonObject): readonly JsonObject[] {
  const last = blocks.at(-1)
  if (last === undefined || last.type === 'thinking' || !isGiven(message.cache_control))
    return blocks
  return [...blocks.slice(0, -1), { ...cacheMark(message), ...last }]
}

function said(message: JsonObject, path: string): readonly JsonObject[] {
  return blocksOf(message.content, `${path}.content`)
}

function toolResult(message: JsonObject, path: string): readonly JsonObject[] {
  const content = blocksOf(message.content, `${path}.content`)
  return [
    {
      type: 'tool_result',
      tool_use_id: callId(message.tool_call_id, `${path}.tool_call_id`),
      ...(content.length > 0 && { content }),
      ...(message.is_error === true && { is_error: true }),
    },
  ]
}

/** Thoughts go first; without their signature they cannot be said again. */
function ownTurn(message: JsonObject, path: string): readonly JsonObject[] {
  return [
    ...thoughtsOf(message.thinking_blocks, `${path}.thinking_blocks`),
    ...said(message, path).filter((block) => !isForeignThought(block)),
    ...(isGiven(message.content) ? [] : blocksOf(message.refusal, `${path}.refusal`)),
    ...callsOf(message.tool_calls, `${path}.tool_calls`),
  ]
}

function callsOf(calls: unknown, path: string): readonly JsonObject[] {
  if (!isGiven(calls)) return []
  if (!isList(calls)) throw invalid(path, 'must be a list.')
  return calls.map((call, index) => {
    const at = `${path}[${index}]`
    const called = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(called?.name)
    if (!isObject(call) || name === undefined)
      throw invalid(at, 'must have a function with a name.')
    return {
      type: 'tool_use',
      id: callId(call.id, `${at}.id`),
      name,
      input: argumentsOf(called?.arguments, `${at}.function.arguments`),
      ...cacheMark(call),
    }
  })
}

/** Anthropic takes letters, digits, `_` and `-`; ids of other servers have more. */
function callId(id: unknown, path: string): string {
  if (typeof id !== 'string' || id === '') throw invalid(path, 'must be the id of a tool call.')
  return id.replaceAll(/[^\w-]/g, '_')
}

/** The beginning of an answer that the model is to go on with must not end in white space. */
function trimLast(turns: Turn[]): void {
  const last = turns.at(-1)
  const block = last?.content.at(-1)
  if (last?.role !== 'assistant' || block?.type !== 'text') return
  const text = (textOf(block.text) ?? '').trimEnd()
  last.content.pop()
  if (text !== '') last.content.push({ ...block, text })
  if (last.content.length === 0) turns.pop()
}
