import { isObject } from '../../modules/json-object.ts'
import { refuseSearch } from './bedrock-fields.ts'
import { isClaude, isNova, takesDemands } from './bedrock-models.ts'
import { cacheMark } from './bedrock-parts.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { Target } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** What a request says of tools, in Converse's words. */
export interface Tools {
  /** `toolConfig.tools`. */
  readonly listed: readonly JsonObject[]
  /** Tools of a model's own that Converse has no words for: Claude's. */
  readonly besides: readonly JsonObject[]
  readonly choice: Choice
}

type Choice =
  | { readonly kind: 'auto' | 'any' | 'none' | 'unsaid' }
  | { readonly kind: 'tool'; readonly name: string }

/** Tools and how they are to be chosen among. */
export function toolsOf(fields: JsonObject, family: string, target: Target): Tools {
  const { tools, web_search_options: search } = fields
  if (isGiven(tools) && !isList(tools)) throw invalid('tools', 'must be a list.')
  const listed: JsonObject[] = []
  const besides: JsonObject[] = []
  ;(isList(tools) ? tools : []).forEach((tool, index) => {
    const path = `tools[${index}]`
    if (!isObject(tool)) throw invalid(path, 'must be an object.')
    if (tool.type === 'function') listed.push(...specOf(tool, path))
    else if (isOwn(tool)) listed.push(tool)
    else if (isClaude(family) && textOf(tool.name) !== undefined) besides.push(tool)
    else throw unsupported(`${path}.type`, 'it takes tools of type function.')
  })
  if (isGiven(search) && isNova(family)) listed.push({ systemTool: { name: 'nova_grounding' } })
  else if (isGiven(search)) refuseSearch(target)
  return { listed, besides, choice: choiceFor(fields, family, target) }
}

/** A tool in Converse's own words. */
function isOwn(tool: JsonObject): boolean {
  return isObject(tool.toolSpec) || isObject(tool.systemTool) || isObject(tool.cachePoint)
}

function specOf(tool: JsonObject, path: string): readonly JsonObject[] {
  const called = tool.function
  if (!isObject(called) || textOf(called.name) === undefined)
    throw invalid(path, 'must have a function with a name.')
  const { name, description, parameters } = called
  return [
    toolSpec(name, description, schemaOf(parameters, `${path}.function.parameters`)),
    ...cacheMark(isGiven(tool.cache_control) ? tool : called),
  ]
}

/** A tool as Converse has it; an empty description, which it refuses, is left out. */
export function toolSpec(name: unknown, description: unknown, schema: unknown): JsonObject {
  const told = textOf(description)?.trim()
  const inputSchema = { json: schema }
  return { toolSpec: { name, ...(told && { description: told }), inputSchema } }
}

function schemaOf(parameters: unknown, path: string): JsonObject {
  if (!isGiven(parameters)) return { type: 'object', properties: {} }
  if (!isObject(parameters)) throw invalid(path, 'must be a JSON schema.')
  return isGiven(parameters.type) ? parameters : { type: 'object', ...parameters }
}

function choiceFor(fields: JsonObject, family: string, { params }: Target): Choice {
  const choice = choiceIn(fields.tool_choice)
  const isSoftened = isDemand(choice) && !takesDemands(family) && params.dropParams === true
  return isSoftened ? { kind: 'auto' } : choice
}

const choices: Readonly<Record<string, Choice>> = {
  auto: { kind: 'auto' },
  required: { kind: 'any' },
  any: { kind: 'any' },
  none: { kind: 'none' },
}

function choiceIn(asked: unknown): Choice {
  if (!isGiven(asked)) return { kind: 'unsaid' }
  const word = typeof asked === 'string' ? asked : ''
  const known = Object.hasOwn(choices, word) ? choices[word] : undefined
  if (known) return known
  const called = isObject(asked) ? (asked.function ?? asked) : undefined
  const name = isObject(called) ? textOf(called.name) : undefined
  if (name !== undefined) return { kind: 'tool', name }
  throw invalid('tool_choice', 'must be auto, required, none, or name a function.')
}

/** Whether a call is demanded. */
export function isDemand({ kind }: Choice): boolean {
  return kind === 'any' || kind === 'tool'
}

/** The tool that carries an answer in JSON is called, unless the caller names another. */
export function choiceWithAnswer(choice: Choice, name: string): Choice {
  if (choice.kind === 'tool') return choice
  return choice.kind === 'none' ? { kind: 'tool', name } : { kind: 'any' }
}

/** Converse's `toolConfig`; nothing where no tool is offered. Auto is what it does by itself. */
export function toolConfigOf(listed: readonly JsonObject[], choice: Choice): JsonObject {
  if (listed.length === 0) return {}
  return { toolConfig: { tools: listed, ...choiceWord(choice) } }
}

function choiceWord(choice: Choice): JsonObject {
  if (choice.kind === 'any') return { toolChoice: { any: {} } }
  return choice.kind === 'tool' ? { toolChoice: { tool: { name: choice.name } } } : {}
}
