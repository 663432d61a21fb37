import { nonsense, refuseUnsayable } from './dialect-limits.ts'
import {
  blockIn,
  candidatesIn,
  extrasOf,
  finishReasonOf,
  indexOf,
  readParts,
} from './gemini-answers.ts'
import { createChatStream } from './gemini-chat-stream.ts'
import { generationOf, otherFields, unsayableToGemini } from './gemini-generation.ts'
import { annotationsOf, besidesOf } from './gemini-grounding.ts'
import { logprobsOf } from './gemini-logprobs.ts'
import { conversationOf } from './gemini-messages.ts'
import { readsAddress, traitsOf, type PathOf } from './gemini-models.ts'
import { toolFields } from './gemini-tools.ts'
import { chatUsage, tokensIn } from './gemini-usage.ts'
import { readGoogle } from './google-errors.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, type JsonObject } from './read-json.ts'

export interface ChatRules {
  readonly pathOf: PathOf
  /** Whether calls and their results may carry Gemini's own ids. */
  readonly takesCallIds: boolean
}

/** OpenAI's chat completions over `generateContent` and `streamGenerateContent`. */
export function createGeminiChat(rules: ChatRules): Translated {
  return {
    kind: 'translated',
    wantsInline: ({ url }, { model }) => !readsAddress(url, model),
    toUpstream: (request, target) => toUpstream(request, target, rules),
    toAnswer,
    stream: { framing: 'sse', create: createChatStream },
  }
}

function toUpstream(
  request: ModelRequest,
  target: Target,
  { pathOf, takesCallIds }: ChatRules,
): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayableToGemini, target)
  const { needsSignatures } = traitsOf(target.model)
  const conversation = conversationOf(fields.messages, { needsSignatures, takesCallIds })
  const generationConfig = generationOf(fields, target)
  return {
    method: 'POST',
    path: request.isStream
      ? `${pathOf(target, 'streamGenerateContent')}?alt=sse`
      : pathOf(target, 'generateContent'),
    body: {
      ...otherFields(fields),
      ...conversation,
      ...toolFields(fields),
      ...(Object.keys(generationConfig).length > 0 && { generationConfig }),
    },
  }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readGoogle(answer, request)
  const candidates = candidatesIn(said, request)
  const block = blockIn(said)
  if (candidates.length === 0 && block === undefined)
    throw nonsense("'candidates' are missing", request.model)
  const tokens = tokensIn(said)
  return {
    id: request.answerId,
    object: 'chat.completion',
    created: request.createdSeconds,
    model: request.model,
    choices:
      candidates.length > 0
        ? candidates.map((candidate, position) => choiceOf(candidate, position, request))
        : [blockedChoice(block ?? {})],
    ...(tokens && { usage: chatUsage(tokens) }),
  }
}

function choiceOf(candidate: JsonObject, position: number, request: ModelRequest): JsonObject {
  const index = indexOf(candidate, position)
  const said = readParts(candidate, { request, choice: index, first: 0 })
  const calls = request.fields.parallel_tool_calls === false ? said.calls.slice(0, 1) : said.calls
  const annotations = annotationsOf(candidate, said.text)
  const message = {
    role: 'assistant',
    content: said.text === '' && calls.length > 0 ? null : said.text,
    ...(said.thoughts !== '' && { reasoning_content: said.thoughts }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(annotations.length > 0 && { annotations }),
    ...extrasOf(said, besidesOf(candidate), request),
  }
  return {
    index,
    message,
    logprobs: logprobsOf(candidate),
    finish_reason: finishReasonOf(candidate.finishReason, calls.length > 0),
  }
}

/** A prompt that Google would not pass on: no word was said, and why. */
function blockedChoice(feedback: JsonObject): JsonObject {
  return {
    index: 0,
    message: {
      role: 'assistant',
      content: null,
      provider_specific_fields: { prompt_feedback: feedback },
    },
    logprobs: null,
    finish_reason: 'content_filter',
  }
}
