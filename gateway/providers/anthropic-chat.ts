import { blocksIn, finishReasonOf, messageIn, readAnthropic, usageOf } from './anthropic-answers.ts'
import { mostTokensIn, otherFields, plainFields, unsayableToAnthropic } from './anthropic-fields.ts'
import { jsonAnswerOf, type JsonAnswer } from './anthropic-json.ts'
import { conversationOf } from './anthropic-messages.ts'
import { traitsOf } from './anthropic-models.ts'
import { blocksOf, textBlock } from './anthropic-parts.ts'
import { createAnthropicStream } from './anthropic-stream.ts'
import { thinkingOf, type Thinking } from './anthropic-thinking.ts'
import { isForcing, toolChoiceOf, toolsOf } from './anthropic-tools.ts'
import { refuseUnsayable } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { givenFields, type JsonObject } from './read-json.ts'

/** OpenAI's chat completions over Anthropic's Messages. */
export const anthropicChat: Translated = {
  kind: 'translated',
  needsMaximum: true,
  // It fetches by https alone.
  wantsInline: ({ url }) => /^http:/i.test(url),
  toUpstream,
  toAnswer,
  stream: { framing: 'sse', create: createAnthropicStream },
}

// Where nobody names a maximum, which Anthropic wants to be told.
const defaultMostTokens = 4_096

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayableToAnthropic, target)
  const traits = traitsOf(target.model)
  const mostTokens = mostTokensIn(fields) ?? knownMost(target.info?.max_output_tokens)
  const asked = toolChoiceOf(fields, traits, target)
  const thinking = thinkingOf(fields, {
    traits,
    mostTokens,
    isToolForced: isForcing(asked),
    mayModify: target.params.modifyParams === true,
  })
  const mayForce = traits.takesForcedTools && thinking.thinking === undefined
  const json = jsonAnswerOf(fields, target, { traits, mayForce })
  const tools = [...toolsOf(fields, traits), ...(json.tool ? [json.tool] : [])]
  const choice = json.tool ? choiceFor(json.tool, tools, asked) : asked
  const { system, turns } = conversationOf(fields.messages)
  const prompt = systemOf(fields, system, json)
  return {
    method: 'POST',
    path: '/v1/messages',
    body: {
      ...otherFields(fields),
      model: target.model,
      max_tokens: mostTokens ?? defaultMostTokens + thinking.tokens,
      ...(prompt.length > 0 && { system: prompt }),
      messages: turns,
      ...(tools.length > 0 && { tools }),
      ...(tools.length > 0 && choice && { tool_choice: choice }),
      ...(thinking.thinking && { thinking: thinking.thinking }),
      ...outputOf(fields, thinking, json),
      ...plainFields(fields, target),
      ...(request.isStream && { stream: true }),
    },
  }
}

function knownMost(known: unknown): number | undefined {
  return typeof known === 'number' && Number.isInteger(known) && known > 0 ? known : undefined
}

/** Beside tools of the caller's own any of them may be called; the answer itself is one more. */
function choiceFor(
  tool: JsonObject,
  tools: readonly JsonObject[],
  asked: JsonObject | undefined,
): JsonObject {
  if (asked?.type === 'tool') return asked
  const isAlone = tools.length === 1 || asked?.type === 'none'
  const parallel = asked?.disable_parallel_tool_use
  return {
    ...(isAlone ? { type: 'tool', name: tool.name } : { type: 'any' }),
    ...(parallel === true && { disable_parallel_tool_use: true }),
  }
}

function systemOf(
  fields: JsonObject,
  system: readonly JsonObject[],
  { instruction }: JsonAnswer,
): readonly JsonObject[] {
  return [
    ...blocksOf(fields.system, 'system'),
    ...system,
    ...(instruction === undefined ? [] : [textBlock(instruction)]),
  ]
}

function outputOf(
  { output_config: own }: JsonObject,
  { effort }: Thinking,
  { format }: JsonAnswer,
): JsonObject {
  const config = {
    ...(effort !== undefined && { effort }),
    ...(isObject(own) && own),
    ...(format && { format }),
  }
  return Object.keys(config).length === 0 ? {} : { output_config: config }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readAnthropic(answer, request)
  const blocks = blocksIn(said, request)
  const message = messageIn(blocks, said, request)
  const id = typeof said.id === 'string' && said.id !== '' ? said.id : request.answerId
  return {
    id,
    object: 'chat.completion',
    created: request.createdSeconds,
    model: request.model,
    choices: [
      {
        index: 0,
        message,
        logprobs: null,
        finish_reason: finishReasonOf(said.stop_reason, 'tool_calls' in message),
      },
    ],
    ...(isObject(said.usage) && { usage: usageOf(said.usage) }),
  }
}
