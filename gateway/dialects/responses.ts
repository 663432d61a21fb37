import type { CallerDialect } from './caller-dialect.ts'
import { createStream, toAnswer } from './responses-answer.ts'
import { toChat } from './responses-request.ts'

/** OpenAI's Responses over any chat model. */
export const responsesDialect = { toChat, toAnswer, createStream } satisfies CallerDialect
