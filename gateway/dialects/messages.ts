import type { CallerDialect } from './caller-dialect.ts'
import { toAnswer } from './messages-answer.ts'
import { toChat } from './messages-request.ts'
import { createStream } from './messages-stream.ts'
import type { Fields } from './read-fields.ts'

/** Anthropic's Messages over any chat model. */
export const messagesDialect: CallerDialect = { toChat, toAnswer, createStream }

/** The answer of `/v1/messages/count_tokens`: an estimate, and never none. */
export function countTokens(
  fields: Fields,
  estimate: (chatFields: Fields) => number,
): Record<string, unknown> {
  return { input_tokens: Math.max(1, Math.ceil(estimate(toChat(fields)))) }
}
