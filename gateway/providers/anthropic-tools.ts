import { isObject } from '../../modules/json-object.ts'
import type { ModelTraits } from './anthropic-models.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Anthropic's `tools` from OpenAI's; its own kinds, those it runs itself, pass as they are. */
export function toolsOf(fields: JsonObject, traits: ModelTraits): readonly JsonObject[] {
  const { tools, web_search_options: search } = fields
  if (isGiven(tools) && !isList(tools)) throw invalid('tools', 'must be a list.')
  const listed = isList(tools) ? tools : []
  const own = listed.map((tool, index) => toolOf(tool, `tools[${index}]`, traits))
  return isGiven(search) ? [...own, searchTool(search)] : own
}

function toolOf(tool: unknown, path: string, { hasSchemas }: ModelTraits): JsonObject {
  if (!isObject(tool)) throw invalid(path, 'must be an object.')
  if (tool.type !== 'function') {
    if (textOf(tool.name) !== undefined) return tool
    throw unsupported(`${path}.type`, 'it takes tools of type function and its own.')
  }
  const called = tool.function
  if (!isObject(called) || textOf(called.name) === undefined)
    throw invalid(path, 'must have a function with a name.')
  const { name, description, parameters, strict } = called
  const cache = tool.cache_control ?? called.cache_control
  return {
    name,
    ...(isGiven(description) && { description }),
    input_schema: schemaOf(parameters, `${path}.function.parameters`),
    ...(strict === true && hasSchemas && { strict }),
    ...(isGiven(cache) && { cache_control: cache }),
  }
}

function schemaOf(parameters: unknown, path: string): JsonObject {
  if (!isGiven(parameters)) return { type: 'object', properties: {} }
  if (!isObject(parameters)) throw invalid(path, 'must be a JSON schema.')
  return isGiven(parameters.type) ? parameters : { type: 'object', ...parameters }
}

const mostSearches: Readonly<Record<string, number>> = { low: 1, medium: 5, high: 10 }

function searchTool(search: unknown): JsonObject {
  if (!isObject(search)) throw invalid('web_search_options', 'must be an object.')
  const { search_context_size: size, user_location: place } = search
  const most = typeof size === 'string' && Object.hasOwn(mostSearches, size) && mostSearches[size]
  const near = isObject(place) && isObject(place.approximate) ? place.approximate : undefined
  return {
    type: 'web_search_20250305',
    name: 'web_search',
    ...(most && { max_uses: most }),
    ...(near && { user_location: { ...near, type: 'approximate' } }),
  }
}

const choices: Readonly<Record<string, string>> = { auto: 'auto', required: 'any', none: 'none' }

/** Anthropic's `tool_choice` from OpenAI's and from `parallel_tool_calls`; nothing where both are as by default. */
export function toolChoiceOf(
  fields: JsonObject,
  traits: ModelTraits,
  target: Target,
): JsonObject | undefined {
  const asked = choiceIn(fields.tool_choice)
  const isSoftened =
    isForcing(asked) && !traits.takesForcedTools && target.params.dropParams === true
  const choice = isSoftened ? { type: 'auto' } : asked
  if (fields.parallel_tool_calls !== false || choice?.type === 'none') return choice
  return { type: 'auto', ...choice, disable_parallel_tool_use: true }
}

/** Whether a `tool_choice` of Anthropic's demands a call. */
export function isForcing(choice: JsonObject | undefined): boolean {
  return choice?.type === 'any' || choice?.type === 'tool'
}

function choiceIn(asked: unknown): JsonObject | undefined {
  if (!isGiven(asked)) return undefined
  if (typeof asked === 'string' && Object.hasOwn(choices, asked)) return { type: choices[asked] }
  const called = isObject(asked) ? (asked.function ?? asked) : undefined
  const name = isObject(called) ? textOf(called.name) : undefined
  if (name !== undefined) return { type: 'tool', name }
  // Its own form.
  if (isObject(asked) && ['auto', 'any', 'none'].includes(textOf(asked.type) ?? '')) return asked
  throw invalid('tool_choice', 'must be auto, required, none, or name a function.')
}
