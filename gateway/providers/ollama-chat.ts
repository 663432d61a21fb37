import {
  invalid,
  nonsense,
  refuseUnsayable,
  unsupported,
  type Unsayable,
} from './dialect-limits.ts'
import { callOf, demanding, forcedCallOf, formatFor, refuseChoice } from './ollama-forced-call.ts'
import { finishReasonOf, optionalText, readOllama, toolCallsIn, usageOf } from './ollama-answers.ts'
import { createChatStream } from './ollama-chat-stream.ts'
import { formatOf, thinkOf } from './ollama-fields.ts'
import { messagesOf } from './ollama-messages.ts'
import { optionsOf, otherFields, unsayableToOllama } from './ollama-options.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { givenFields, isGiven, isList, type JsonObject } from './read-json.ts'

const unsayable: readonly Unsayable[] = [
  ...unsayableToOllama,
  { field: 'functions', isAsked: () => true, reason: 'use tools, which replaced functions.' },
  {
    field: 'function_call',
    isAsked: (value) => value !== 'none',
    reason: 'use tools, which replaced functions.',
  },
  { field: 'audio', isAsked: () => true, reason: 'Ollama answers in text.' },
  {
    field: 'modalities',
    isAsked: (value) => !isList(value) || value.some((kind) => kind !== 'text'),
    reason: 'Ollama answers in text.',
  },
  { field: 'web_search_options', isAsked: () => true, reason: 'Ollama does not search the web.' },
]

/** OpenAI's chat completions over Ollama's `/api/chat`. */
export const ollamaChat: Translated = {
  kind: 'translated',
  wantsInline: ({ kind }) => kind === 'picture',
  toUpstream,
  toAnswer,
  stream: { framing: 'ndjson', create: createChatStream },
}

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayable, target)
  refuseChoice(fields, target)
  const listed = toolsOf(fields)
  const forced = forcedCallOf(fields)
  const tools = forced ? [] : listed
  const messages = messagesOf(fields.messages)
  return {
    method: 'POST',
    path: '/api/chat',
    body: {
      ...otherFields(fields),
      ...(forced ? { format: formatFor(forced) } : formatOf(fields, target)),
      ...thinkOf(fields, target),
      ...(tools.length > 0 && { tools }),
      model: target.model,
      messages: forced ? demanding(messages, forced) : messages,
      stream: request.isStream,
      ...optionsOf(fields),
    },
  }
}

function toolsOf(fields: JsonObject): readonly JsonObject[] {
  if (!isGiven(fields.tools) || fields.tool_choice === 'none') return []
  if (!isList(fields.tools)) throw invalid('tools', 'must be a list.')
  return fields.tools.map((tool, index) => {
    if (!isObject(tool)) throw invalid(`tools[${index}]`, 'must be an object.')
    if (tool.type !== 'function')
      throw unsupported(`tools[${index}].type`, 'it takes only tools of type function.')
    return tool
  })
}

function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readOllama(answer, request)
  if (!isObject(said.message)) throw nonsense("'message' is missing", request.model)
  const text = optionalText(said.message.content, 'message.content', request)
  const thinking = optionalText(said.message.thinking, 'message.thinking', request)
  const forced = text === '' ? undefined : forcedCallOf(request.fields)
  const made = forced && callOf(forced, text, request)
  const content = made ? '' : text
  const all = made ? [made] : toolCallsIn(said.message, 0, request)
  const calls = request.fields.parallel_tool_calls === false ? all.slice(0, 1) : all
  const message = {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(thinking !== '' && { reasoning_content: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  }
  return {
    id: request.answerId,
    object: 'chat.completion',
    created: request.createdSeconds,
    model: request.model,
    choices: [
      {
        index: 0,
        message,
        logprobs: null,
        finish_reason: finishReasonOf(said, calls.length > 0, forced),
      },
    ],
    usage: usageOf(said),
  }
}
