import { invalid, unsupported } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Cohere's `tools` and `tool_choice`. One function is demanded by offering that one alone. */
export function toolFieldsOf(fields: JsonObject): JsonObject {
  const tools = toolsIn(fields.tools)
  if (tools.length === 0) return {}
  const choice = choiceIn(fields.tool_choice)
  const offered =
    choice.name === undefined ? tools : tools.filter((tool) => tool.function.name === choice.name)
  if (offered.length === 0)
    throw invalid('tool_choice', `names the function ${choice.name}, which is not among the tools.`)
  return {
    tools: offered.map(({ type, function: described }) => ({ type, function: described })),
    ...(offered.every(({ isStrict }) => isStrict) && { strict_tools: true }),
    ...(choice.word !== undefined && { tool_choice: choice.word }),
  }
}

interface Tool {
  readonly type: 'function'
  readonly function: JsonObject
  readonly isStrict: boolean
}

function toolsIn(tools: unknown): readonly Tool[] {
  if (!isGiven(tools)) return []
  if (!isList(tools)) throw invalid('tools', 'must be a list.')
  return tools.map((tool, index) => toolOf(tool, `tools[${index}]`))
}

function toolOf(tool: unknown, path: string): Tool {
  if (!isObject(tool)) throw invalid(path, 'must be an object.')
  if (tool.type !== 'function')
    throw unsupported(`${path}.type`, 'it takes only tools of type function.')
  const called = tool.function
  if (!isObject(called) || textOf(called.name) === undefined)
    throw invalid(path, 'must have a function with a name.')
  const { name, description, parameters, strict } = called
  if (isGiven(parameters) && !isObject(parameters))
    throw invalid(`${path}.function.parameters`, 'must be a JSON schema.')
  return {
    type: 'function',
    function: {
      name,
      ...(isGiven(description) && { description }),
      parameters: parameters ?? { type: 'object', properties: {} },
    },
    isStrict: strict === true,
  }
}

interface Choice {
  readonly word?: 'REQUIRED' | 'NONE'
  /** The one function that is to be called. */
  readonly name?: string
}

const choices: Readonly<Record<string, Choice>> = {
  auto: {},
  required: { word: 'REQUIRED' },
  any: { word: 'REQUIRED' },
  none: { word: 'NONE' },
}

function choiceIn(asked: unknown): Choice {
  if (!isGiven(asked)) return {}
  const word = typeof asked === 'string' ? asked.toLowerCase() : ''
  const known = Object.hasOwn(choices, word) ? choices[word] : undefined
  if (known !== undefined) return known
  const called = isObject(asked) ? (asked.function ?? asked) : undefined
  const name = isObject(called) ? textOf(called.name) : undefined
  if (name !== undefined) return { word: 'REQUIRED', name }
  throw invalid('tool_choice', 'must be auto, required, none, or name a function.')
}
