import { fieldOf } from '../../modules/json-object.ts'
import { isList } from './read-json.ts'

/** Why a conversation that Anthropic holds cannot go on; its clients send the whole of it again when they read this. */
export interface ThreadRefusal {
  readonly error_code: string
  readonly unsupported?: readonly string[]
}

const word = /^\w{1,60}$/

/** What an upstream's error says of the conversation it holds; undefined where it is about something else. */
export function threadRefusalIn(body: unknown): ThreadRefusal | undefined {
  const details = fieldOf(fieldOf(body, 'error'), 'details')
  const code = fieldOf(details, 'error_code')
  if (typeof code !== 'string' || !code.startsWith('thread_') || !word.test(code)) return undefined
  const listed = fieldOf(details, 'unsupported')
  if (!isList(listed)) return { error_code: code }
  const unsupported = listed
    .filter((one) => typeof one === 'string')
    .filter((one) => word.test(one))
  return { error_code: code, unsupported }
}
