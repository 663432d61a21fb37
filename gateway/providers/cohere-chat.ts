import { isObject } from '../../modules/json-object.ts'
import { finishReasonOf, logprobsIn, messageIn, usageOf } from './cohere-answers.ts'
import {
  formatOf,
  otherFields,
  plainFields,
  thinkingOf,
  unsayableToCohere,
} from './cohere-fields.ts'
import { messagesOf } from './cohere-messages.ts'
import { createCohereStream } from './cohere-stream.ts'
import { toolFieldsOf } from './cohere-tools.ts'
import { nonsense, refuseUnsayable } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, textOf } from './read-json.ts'

/** OpenAI's chat completions over Cohere's chat. */
export const cohereChat: Translated = {
  kind: 'translated',
  toUpstream,
  toAnswer,
  stream: { framing: 'sse', create: createCohereStream },
}

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayableToCohere, target)
  return {
    method: 'POST',
    path: '/v2/chat',
    body: {
      ...otherFields(fields),
      ...plainFields(fields),
      ...thinkingOf(fields),
      ...formatOf(fields, target),
      ...toolFieldsOf(fields),
      model: target.model,
      messages: messagesOf(fields.messages),
      stream: request.isStream,
    },
  }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  if (!isObject(answer)) throw nonsense('an object was expected', request.model)
  const message = messageIn(answer, request)
  const reason = finishReasonOf({ reason: answer.finish_reason }, 'tool_calls' in message, request)
  return {
    id: textOf(answer.id) || request.answerId,
    object: 'chat.completion',
    created: request.createdSeconds,
    model: request.model,
    choices: [{ index: 0, message, logprobs: logprobsIn(answer.logprobs), finish_reason: reason }],
    usage: usageOf(answer.usage),
  }
}
