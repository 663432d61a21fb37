import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './refusals.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'
import type { ChatModel } from './caller-dialect.ts'

/** Chat's tools and the choice among them. */
export function toolFieldsOf(fields: Fields, options: ChatModel): Fields {
  const tools = readTools(fields.tools, options)
  const choice = readChoice(fields.tool_choice, options)
  const offered = choice.allowed
    ? tools.list.filter((tool) => choice.allowed?.has(nameOf(tool)))
    : tools.list
  return {
    ...(offered.length > 0 && { tools: offered }),
    ...(tools.search !== undefined && { web_search_options: tools.search }),
    ...(choice.word !== undefined && offered.length > 0 && { tool_choice: choice.word }),
    ...(isGiven(fields.parallel_tool_calls) &&
      offered.length > 0 && { parallel_tool_calls: fields.parallel_tool_calls }),
  }
}

/** Names of the tools that take a text of any form instead of JSON. */
export function customToolsIn(fields: Fields): ReadonlySet<string> {
  const tools = isList(fields.tools) ? fields.tools : []
  return new Set(
    tools.flatMap((tool) =>
      isObject(tool) && tool.type === 'custom' ? (textOf(tool.name) ?? []) : [],
    ),
  )
}

interface Tools {
  readonly list: readonly Fields[]
  /** Chat's form of a wish to search the web. */
  readonly search: Fields | undefined
}

function readTools(tools: unknown, { dropsParams }: ChatModel): Tools {
  if (!isGiven(tools)) return { list: [], search: undefined }
  if (!isList(tools)) throw invalid('tools', 'must be a list.')
  const list: Fields[] = []
  let search: Fields | undefined
  for (const [index, tool] of tools.entries()) {
    const path = `tools[${index}]`
    if (!isObject(tool)) throw invalid(path, 'must be an object with a type.')
    const type = textOf(tool.type) ?? ''
    if (type === 'function') list.push(functionTool(tool, path))
    else if (type === 'custom') list.push(customTool(tool, path))
    else if (/^web_search(_preview)?(_\d{4}_\d\d_\d\d)?$/.test(type)) search = searchOf(tool)
    else if (dropsParams !== true) throw notServed(`${path}.type`, type)
  }
  return { list, search }
}

function notServed(param: string, type: string) {
  if (type === '') return invalid(param, 'must be the kind of tool, such as function.')
  const shown = JSON.stringify(type.slice(0, 60))
  return unsupported(
    param,
    `the tool ${shown} is run by OpenAI's own servers, and this model is asked through chat completions, which has tools of type function, custom and web_search. Leave it out, or set drop_params: true for the model.`,
  )
}

function functionTool(tool: Fields, path: string): Fields {
  return {
    type: 'function',
    function: {
      name: requireName(tool, path),
      ...given(tool, 'description'),
      ...given(tool, 'parameters'),
      ...given(tool, 'strict'),
    },
  }
}

/** Any model can call a function that takes one text; a grammar is told to it, and held by it as well as it can. */
function customTool(tool: Fields, path: string): Fields {
  const format = isObject(tool.format) ? tool.format : {}
  const grammar =
    format.type === 'grammar'
      ? `The input must match this ${textOf(format.syntax) ?? ''} grammar:\n${textOf(format.definition) ?? ''}`
      : ''
  const description = [textOf(tool.description) ?? '', grammar].filter(Boolean).join('\n\n')
  return {
    type: 'function',
    function: {
      name: requireName(tool, path),
      ...(description !== '' && { description }),
      parameters: {
        type: 'object',
        properties: { input: { type: 'string' } },
        required: ['input'],
        additionalProperties: false,
      },
    },
  }
}

function searchOf(tool: Fields): Fields {
  const place = tool.user_location
  const { type: _, ...approximate } = isObject(place) ? place : {}
  return {
    ...given(tool, 'search_context_size'),
    ...(isObject(place) && { user_location: { type: 'approximate', approximate } }),
  }
}

interface Choice {
  readonly word: unknown
  /** Names of the only tools that may be called; undefined: all. */
  readonly allowed: ReadonlySet<string> | undefined
}

const words = new Set(['none', 'auto', 'required'])
const anyTool: Choice = { word: undefined, allowed: undefined }

function readChoice(choice: unknown, { dropsParams }: ChatModel): Choice {
  if (!isGiven(choice)) return anyTool
  if (typeof choice === 'string' && words.has(choice)) return { word: choice, allowed: undefined }
  if (!isObject(choice))
    throw invalid('tool_choice', 'must be none, auto, required or an object that names a tool.')
  const type = textOf(choice.type) ?? ''
  if (type === 'function' || type === 'custom') {
    const name = requireName(choice, 'tool_choice')
    return { word: { type: 'function', function: { name } }, allowed: undefined }
  }
  if (type === 'allowed_tools') return allowedTools(choice)
  if (dropsParams === true) return anyTool
  throw notServed('tool_choice.type', type)
}

function allowedTools({ mode, tools }: Fields): Choice {
  if (mode !== 'auto' && mode !== 'required')
    throw invalid('tool_choice.mode', 'must be auto or required.')
  if (!isList(tools)) throw invalid('tool_choice.tools', 'must be a list.')
  return { word: mode, allowed: new Set(tools.filter(isObject).map((tool) => nameIn(tool))) }
}

function requireName(tool: Fields, path: string): string {
  const name = nameIn(tool)
  if (name !== '') return name
  throw invalid(`${path}.name`, 'must be the name of the tool.')
}

// Chat's form, with the name one level deeper, is written by many.
function nameIn(tool: Fields): string {
  return textOf(tool.name) ?? nameOf(tool)
}

function nameOf({ function: called }: Fields): string {
  return (isObject(called) && textOf(called.name)) || ''
}

function given(from: Fields, field: string): Fields {
  return isGiven(from[field]) ? { [field]: from[field] } : {}
}
