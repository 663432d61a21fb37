import { isObject } from '../../modules/json-object.ts'
import { thoughtsOf } from './anthropic-thoughts.ts'
import { blocksOf, cacheMark, thoughtBlock, type Place } from './bedrock-parts.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { argumentsOf } from './tool-arguments.ts'

/** A conversation in Converse's form: system prompts apart, turns of two speakers. */
export interface Conversation {
  readonly system: readonly JsonObject[]
  readonly messages: readonly Turn[]
  /** The tools that have been called in it. */
  readonly called: readonly string[]
}

interface Turn {
  readonly role: 'user' | 'assistant'
  readonly content: JsonObject[]
}

type Blocks = (message: JsonObject, place: Place) => readonly JsonObject[]

const speakers: Readonly<Record<string, { role: Turn['role'] | 'system'; blocks: Blocks }>> = {
  system: { role: 'system', blocks: said },
  developer: { role: 'system', blocks: said },
  user: { role: 'user', blocks: said },
  tool: { role: 'user', blocks: toolResult },
  assistant: { role: 'assistant', blocks: ownTurn },
}

/** OpenAI's messages as a conversation; what one speaker says in a row becomes one turn. */
export function conversationOf(written: unknown): Conversation {
  if (!isList(written) || written.length === 0)
    throw invalid('messages', 'must be a list with at least one message.')
  const system: JsonObject[] = []
  const messages: Turn[] = []
  const titles = new Set<string>()
  written.forEach((message, index) => {
    const path = `messages[${index}]`
    if (!isObject(message)) throw invalid(path, 'must be an object with a role and a content.')
    const { role, blocks } = speakerOf(message.role, path)
    const spoken = marked(blocks(message, { path, titles }), message)
    if (role === 'system') system.push(...onlyTexts(spoken, path))
    else if (spoken.length > 0) take(messages, role, spoken)
  })
  trimLast(messages)
  return { system, messages, called: calledIn(messages) }
}

function calledIn(turns: readonly Turn[]): readonly string[] {
  const names = turns.flatMap(({ content }) =>
    content.flatMap(({ toolUse: use }) => (isObject(use) ? (textOf(use.name) ?? []) : [])),
  )
  return [...new Set(names)]
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

/** A mark on the message means all of its blocks. */
function marked(blocks: readonly JsonObject[], message: JsonObject): readonly JsonObject[] {
  const last = blocks.at(-1)
  if (last === undefined || 'cachePoint' in last || 'reasoningContent' in last) return blocks
  return [...blocks, ...cacheMark(message)]
}

function onlyTexts(blocks: readonly JsonObject[], path: string): readonly JsonObject[] {
  if (blocks.every((block) => 'text' in block || 'cachePoint' in block || 'guardContent' in block))
    return blocks
  throw invalid(`${path}.content`, 'must be text alone in a system message.')
}

function take(turns: Turn[], role: Turn['role'], blocks: readonly JsonObject[]): void {
  const last = turns.at(-1)
  if (last?.role !== role) turns.push({ role, content: [...blocks] })
  else if (blocks.some(isResult)) last.content.splice(resultsIn(last), 0, ...blocks)
  else last.content.push(...blocks)
}

/** Results of tools, with their marks, stand before anything else that is said with them. */
function resultsIn({ content }: Turn): number {
  const end = content.findLastIndex(isResult) + 1
  const after = content[end]
  return end > 0 && after !== undefined && 'cachePoint' in after ? end + 1 : end
}

function isResult(block: JsonObject): boolean {
  return 'toolResult' in block
}

function said(message: JsonObject, { path, titles }: Place): readonly JsonObject[] {
  return blocksOf(message.content, { path: `${path}.content`, titles })
}

// A result needs some content; the model is told that there is none.
const noOutput = [{ text: '(no output)' }]

function toolResult(message: JsonObject, place: Place): readonly JsonObject[] {
  const blocks = said(message, place)
  const content = blocks.filter((block) => !('cachePoint' in block))
  const marks = blocks.filter((block) => 'cachePoint' in block).slice(-1)
  const toolUseId = callId(message.tool_call_id, `${place.path}.tool_call_id`)
  const result = {
    toolUseId,
    content: content.length > 0 ? content : noOutput,
    ...(message.is_error === true && { status: 'error' }),
  }
  return [{ toolResult: result }, ...marks]
}

/** Thoughts go first; without their signature they cannot be said again. */
function ownTurn(message: JsonObject, place: Place): readonly JsonObject[] {
  const { path, titles } = place
  const thoughts = thoughtsOf(message.thinking_blocks, `${path}.thinking_blocks`)
  return [
    ...thoughts.map(thoughtBlock).filter((block) => block !== undefined),
    ...said(message, place),
    ...(isGiven(message.content) ? [] : blocksOf(message.refusal, { path, titles })),
    ...callsOf(message.tool_calls, `${path}.tool_calls`),
  ]
}

function callsOf(calls: unknown, path: string): readonly JsonObject[] {
  if (!isGiven(calls)) return []
  if (!isList(calls)) throw invalid(path, 'must be a list.')
  return calls.flatMap((call, index) => {
    const at = `${path}[${index}]`
    const called = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(called?.name)
    if (!isObject(call) || name === undefined)
      throw invalid(at, 'must have a function with a name.')
    const input = argumentsOf(called?.arguments, `${at}.function.arguments`)
    const toolUse = { toolUseId: callId(call.id, `${at}.id`), name, input }
    return [{ toolUse }, ...cacheMark(call)]
  })
}

const longestId = 64

/** Bedrock takes letters, digits, `_` and `-`; ids of other servers have more. */
function callId(id: unknown, path: string): string {
  if (typeof id !== 'string' || id === '') throw invalid(path, 'must be the id of a tool call.')
  return id.replaceAll(/[^\w-]/g, '_').slice(-longestId)
}

/** The beginning of an answer that the model is to go on with must not end in white space. */
function trimLast(turns: Turn[]): void {
  const last = turns.at(-1)
  const text = textOf(last?.content.at(-1)?.text)
  if (last?.role !== 'assistant' || text === undefined) return
  last.content.splice(-1, 1, { text: text.trimEnd() })
}
