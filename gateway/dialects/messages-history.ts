import type { ChatModel } from './caller-dialect.ts'
import { contentOf, isText, partsOf, partsOfBlock, type Part } from './messages-parts.ts'
import { isGiven, objectsIn, textIn, textOf, type Fields } from './read-fields.ts'
import { invalid } from './refusals.ts'

/** OpenAI's messages from Anthropic's `system` and `messages`. */
export function historyOf(fields: Fields, model: ChatModel): readonly Fields[] {
  const turns = objectsIn(fields.messages, 'messages')
  if (turns.length === 0) throw invalid('messages', 'must be a list with at least one message.')
  return [
    ...(isGiven(fields.system) ? [systemTurn(fields.system, 'system', model)] : []),
    ...turns.flatMap(([turn, path]) => turnOf(turn, path, model)),
  ]
}

function turnOf({ role, content }: Fields, path: string, model: ChatModel): readonly Fields[] {
  const at = `${path}.content`
  if (typeof content !== 'string' && !Array.isArray(content))
    throw invalid(at, 'must be a text or a list of blocks.')
  if (role === 'user') return userTurn(content, at, model)
  if (role === 'assistant') return [ownTurn(content, at, model)]
  if (role === 'system') return [systemTurn(content, at, model)]
  throw invalid(`${path}.role`, 'must be user or assistant.')
}

function systemTurn(content: unknown, path: string, model: ChatModel): Fields {
  return { role: 'system', content: spoken(partsOf(content, path), model) }
}

function spoken(parts: readonly Part[], { takesCacheMarks = false }: ChatModel): unknown {
  return contentOf(parts, takesCacheMarks)
}

/** Results of tools stand right behind their calls; what they show and what the user says comes after. */
function userTurn(content: unknown, path: string, model: ChatModel): readonly Fields[] {
  if (typeof content === 'string') return [{ role: 'user', content }]
  const results: Fields[] = []
  const parts: Part[] = []
  for (const [block, at] of objectsIn(content, path)) {
    if (block.type === 'tool_result')
      results.push({ ...resultOf(block, at, parts), ...markOf(block, model) })
    else parts.push(...partsOfBlock(block, at))
  }
  const isSilent = parts.length === 0 && results.length > 0
  return isSilent ? results : [...results, { role: 'user', content: spoken(parts, model) }]
}

/** A tool answers in text; its pictures go to `shown`. */
function resultOf(block: Fields, path: string, shown: Part[]): Fields {
  const { tool_use_id: id, content, is_error: isError } = block
  const parts = partsOf(content, `${path}.content`)
  const texts = parts.filter(isText)
  const others = parts.filter((part) => !isText(part))
  shown.push(...others)
  const told = textOf(contentOf(texts, false)) ?? ''
  const text = told === '' && others.length > 0 ? 'What it returned follows.' : told
  return {
    role: 'tool',
    tool_call_id: textIn(id, `${path}.tool_use_id`),
    content: isError === true ? `Error: ${text}` : text,
  }
}

/** Blocks of tools that another server ran itself are its own notes and left out. */
function ownTurn(content: unknown, path: string, model: ChatModel): Fields {
  if (typeof content === 'string') return { role: 'assistant', content }
  const blocks = objectsIn(content, path)
  const text = blocks
    .filter(([{ type }]) => type === 'text')
    .map(([block, at]) => textIn(block.text, `${at}.text`))
    .join('')
  const calls = blocks.filter(([{ type }]) => type === 'tool_use')
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...thoughtsIn(blocks.map(([block]) => block)),
    ...(calls.length > 0 && { tool_calls: calls.map(([block, at]) => callOf(block, at)) }),
    ...markOf(blocks.at(-1)?.[0] ?? {}, model),
  }
}

/** The mark that the prompt is to be cached up to the end of this message. */
function markOf({ cache_control: mark }: Fields, { takesCacheMarks }: ChatModel): Fields {
  return takesCacheMarks && isGiven(mark) ? { cache_control: mark } : {}
}

/** With their signatures where they have any: only who signed them can read those. */
function thoughtsIn(blocks: readonly Fields[]): Fields {
  const thoughts = blocks.filter(({ type }) => type === 'thinking' || type === 'redacted_thinking')
  const reasoning = thoughts.map(({ thinking }) => textOf(thinking) ?? '').join('')
  const signed = thoughts.filter(({ signature, data }) => Boolean(signature) || isGiven(data))
  return {
    ...(reasoning !== '' && { reasoning_content: reasoning }),
    ...(signed.length > 0 && { thinking_blocks: signed }),
  }
}

function callOf({ id, name, input }: Fields, path: string): Fields {
  return {
    id: textIn(id, `${path}.id`),
    type: 'function',
    function: { name: textIn(name, `${path}.name`), arguments: JSON.stringify(input ?? {}) },
  }
}
