import { isObject } from '../../modules/json-object.ts'
import type { EndpointName } from '../../modules/endpoints.ts'
import { digest } from './dice.ts'

type Fields = Readonly<Record<string, unknown>>

export interface Beginning {
  readonly endpoint: EndpointName
  /** As the caller asked for it. */
  readonly model: string
  /** Whose request it is: equal prompts of two tenants need not meet. */
  readonly tenant: string
  readonly fields: Fields
}

// Of a long system prompt that all share enough is left for the first turn, which tells sessions apart.
const longestSystem = 3_072
const longestTurn = 1_024

/**
 * What requests of one conversation have in common, and stays so while it grows: model, tenant, system prompt and
 * first user turn, as 32 bits that are the same on every replica. Undefined: nothing to go by.
 */
export function affinityOf({ endpoint, model, tenant, fields }: Beginning): number | undefined {
  const text = beginningOf(endpoint, fields)
  return text === '' ? undefined : digest(text, digest(`${model}\0${tenant}\0`))
}

function beginningOf(endpoint: EndpointName, fields: Fields): string {
  switch (endpoint) {
    case 'chat-completions':
      return beginningOfMessages(fields['messages'], '')
    case 'messages':
      return beginningOfMessages(fields['messages'], textOf(fields['system']))
    case 'responses':
      return beginningOfMessages(fields['input'], textOf(fields['instructions']))
    case 'completions':
      return textOf(fields['prompt']).slice(0, longestSystem + longestTurn)
    default:
      return ''
  }
}

function beginningOfMessages(messages: unknown, system: string): string {
  let before = system
  let turn = typeof messages === 'string' ? messages : ''
  for (const message of Array.isArray(messages) ? messages : []) {
    if (!isObject(message)) continue
    const text = textOf(message['content'])
    if (message['role'] === 'user') {
      turn = text
      break
    }
    before += text
  }
  return before.slice(0, longestSystem) + turn.slice(0, longestTurn)
}

/** A text, or the texts and addresses of parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  let text = ''
  for (const part of content) {
    if (typeof part === 'string') text += part
    else if (isObject(part)) text += textOfPart(part)
    if (text.length >= longestSystem) break
  }
  return text
}

function textOfPart({ text, image_url: image }: Record<string, unknown>): string {
  if (typeof text === 'string') return text
  const url = isObject(image) ? image['url'] : image
  // Pictures of one size and form begin alike: how long they are tells more than their first bytes.
  return typeof url === 'string' ? `${url.length}:${url.slice(0, longestTurn / 2)}` : ''
}
