import { isObject } from '../../modules/json-object.ts'
import { jsonAnswerOf, type JsonAnswer } from './anthropic-json.ts'
import { traitsOf } from './anthropic-models.ts'
import { thinkingOf, type Thinking } from './anthropic-thinking.ts'
import { blocksIn, finishReasonOf, messageIn, readBedrock, usageOf } from './bedrock-answers.ts'
import {
  inferenceOf,
  modelFields,
  mostTokensIn,
  ownFields,
  unsayableToBedrock,
} from './bedrock-fields.ts'
import { conversationOf } from './bedrock-messages.ts'
import { familyOf, isClaude, pathOf, takesDemands } from './bedrock-models.ts'
import { createBedrockStream } from './bedrock-stream.ts'
import { createEventStream } from './bedrock-frames.ts'
import {
  choiceWithAnswer,
  isDemand,
  toolConfigOf,
  toolSpec,
  toolsOf,
  type Tools,
} from './bedrock-tools.ts'
import { refuseUnsayable } from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, textOf, type JsonObject } from './read-json.ts'

/** OpenAI's chat completions over Bedrock's Converse. */
export const bedrockChat: Translated = {
  kind: 'translated',
  // It takes files inside the request, or out of a bucket.
  wantsInline: () => true,
  toUpstream,
  toAnswer,
  stream: { framing: createEventStream, create: createBedrockStream },
}

// Where nobody names a maximum and thoughts need one that is above their own.
const defaultMostTokens = 4_096

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayableToBedrock, target)
  const family = familyOf(target)
  const named = mostTokensIn(fields)
  const tools = toolsOf(fields, family, target)
  const most = named ?? knownMost(target)
  const thinking = thoughtsFor(fields, { family, target, most, tools })
  const json = answerFor(fields, target, thinking)
  const { system, messages, called } = conversationOf(fields.messages)
  const config = configOf(tools, json, called)
  const prompt = [...system, ...config.said, ...inWords(json.instruction)]
  const inference = inferenceOf(fields, target, named ?? roomFor(thinking, most))
  const besides = besidesOf(fields, { family, tools, thinking })
  return {
    method: 'POST',
    path: pathOf(target, request.isStream ? 'converse-stream' : 'converse'),
    body: {
      messages,
      ...(prompt.length > 0 && { system: prompt }),
      ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
      ...config.toolConfig,
      ...(Object.keys(besides).length > 0 && { additionalModelRequestFields: besides }),
      ...ownFields(fields),
    },
  }
}

interface Asking {
  readonly family: string
  readonly target: Target
  /** The most tokens for thoughts and answer, where it is known. */
  readonly most: number | undefined
  readonly tools: Tools
}

/** Claude thinks here as at its own door; other models have words of their own. */
function thoughtsFor(fields: JsonObject, { family, target, most, tools }: Asking): Thinking {
  if (!isClaude(family)) return { tokens: 0 }
  return thinkingOf(fields, {
    traits: traitsOf(family),
    mostTokens: most,
    isToolForced: isDemand(tools.choice),
    mayModify: target.params.modifyParams === true,
  })
}

/** Without a maximum a model answers as far as it can, but a budget for thoughts wants one above it. */
function roomFor({ tokens }: Thinking, most: number | undefined): number | undefined {
  return tokens === 0 ? undefined : (most ?? defaultMostTokens + tokens)
}

function knownMost({ info }: Target): number | undefined {
  const known = info?.max_output_tokens
  return typeof known === 'number' && Number.isInteger(known) && known > 0 ? known : undefined
}

/** An answer in JSON is the call of a tool, or asked for in words where none can be demanded. */
function answerFor(fields: JsonObject, target: Target, { thinking }: Thinking): JsonAnswer {
  const family = familyOf(target)
  const traits = { ...traitsOf(family), hasSchemas: false }
  const isTaken = isClaude(family) ? traits.takesForcedTools : takesDemands(family)
  const mayForce = isTaken && (thinking === undefined || thinking.type === 'disabled')
  return jsonAnswerOf(fields, target, { traits, mayForce })
}

const noCalls = 'Answer in words. Call no tool.'

/**
 * Tools, and what must be said in words: Converse wants tools listed where a conversation speaks of them, and has no
 * word against calling them.
 */
function configOf({ listed, besides, choice }: Tools, { tool }: JsonAnswer, called: Called) {
  if (tool) {
    const answer = toolSpec(tool.name, tool.description, tool.input_schema)
    const word = choiceWithAnswer(choice, textOf(tool.name) ?? '')
    return { toolConfig: toolConfigOf([...listed, answer], word), said: [] }
  }
  const isFree = choice.kind !== 'none' && listed.length + besides.length > 0
  if (isFree || called.length === 0)
    return { toolConfig: isFree ? toolConfigOf(listed, choice) : {}, said: [] }
  const spokenOf = called.map((name) => toolSpec(name, undefined, anyObject))
  return {
    toolConfig: toolConfigOf(listed.length > 0 ? listed : spokenOf, choice),
    said: inWords(noCalls),
  }
}

type Called = readonly string[]

const anyObject = { type: 'object', properties: {} }

function inWords(text: string | undefined): readonly JsonObject[] {
  return text === undefined ? [] : [{ text }]
}

interface Besides {
  readonly family: string
  readonly tools: Tools
  readonly thinking: Thinking
}

/** What Converse has no name for. */
function besidesOf(
  fields: JsonObject,
  { family, tools, thinking: { thinking, effort } }: Besides,
): JsonObject {
  const { output_config: output, ...others } = modelFields(fields, family)
  const config = { ...(effort !== undefined && { effort }), ...(isObject(output) && output) }
  return {
    ...others,
    ...(thinking && { thinking }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
    ...(tools.besides.length > 0 && { tools: tools.besides }),
  }
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readBedrock(answer, request)
  const message = messageIn(blocksIn(said, request), request)
  const reason = finishReasonOf(said.stopReason, 'tool_calls' in message, request)
  return {
    id: request.answerId,
    object: 'chat.completion',
    created: request.createdSeconds,
    model: request.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: reason }],
    ...(isObject(said.usage) && { usage: usageOf(said.usage) }),
    // LiteLLM's name for what a guardrail has seen.
    ...(isObject(said.trace) && { trace: said.trace }),
  }
}
