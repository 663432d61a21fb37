import { isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import { geminiSchema } from './gemini-schema.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** Gemini's `tools` and `toolConfig` from OpenAI's `tools`, `tool_choice` and `web_search_options`. */
export function toolFields(fields: JsonObject): JsonObject {
  const { declarations, others } = toolsIn(fields.tools)
  const isSearching = others.some(({ googleSearch }) => isGiven(googleSearch))
  const tools = [
    ...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []),
    ...others,
    ...(isGiven(fields.web_search_options) && !isSearching ? [{ googleSearch: {} }] : []),
  ]
  const choice = declarations.length > 0 ? choiceOf(fields.tool_choice) : undefined
  const own = isObject(fields.toolConfig) ? fields.toolConfig : {}
  const toolConfig = { ...own, ...(choice && { functionCallingConfig: choice }) }
  return {
    ...(tools.length > 0 && { tools }),
    ...(Object.keys(toolConfig).length > 0 && { toolConfig }),
  }
}

interface Tools {
  readonly declarations: readonly JsonObject[]
  readonly others: readonly JsonObject[]
}

function toolsIn(tools: unknown): Tools {
  if (!isGiven(tools)) return { declarations: [], others: [] }
  if (!isList(tools)) throw invalid('tools', 'must be a list.')
  const declarations: JsonObject[] = []
  const others: JsonObject[] = []
  tools.forEach((tool, index) => {
    const path = `tools[${index}]`
    if (!isObject(tool)) throw invalid(path, 'must be an object.')
    if (tool.type === 'function') declarations.push(declarationOf(tool.function, path))
    else others.push(builtIn(tool, path))
  })
  return { declarations, others }
}

function declarationOf(described: unknown, path: string): JsonObject {
  const name = isObject(described) ? textOf(described.name) : undefined
  if (!isObject(described) || name === undefined)
    throw invalid(`${path}.function`, 'must have a name.')
  const parameters = geminiSchema(described.parameters, `${path}.function.parameters`)
  const description = textOf(described.description)
  return {
    name,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
  }
}

const searches = new Set<unknown>(['web_search', 'web_search_preview', 'google_search'])

/** Tools that Google runs itself: `{"googleSearch": {}}`, `{"urlContext": {}}`, `{"codeExecution": {}}`. */
function builtIn(tool: JsonObject, path: string): JsonObject {
  if (searches.has(tool.type)) return { googleSearch: {} }
  if (!isGiven(tool.type) && Object.keys(tool).length > 0) return tool
  throw unsupported(
    `${path}.type`,
    'Gemini takes tools of type function and its own, such as {"googleSearch": {}}.',
  )
}

const modes: Readonly<Record<string, string>> = { auto: 'AUTO', none: 'NONE', required: 'ANY' }

function choiceOf(choice: unknown): JsonObject | undefined {
  if (!isGiven(choice)) return undefined
  const mode = typeof choice === 'string' && Object.hasOwn(modes, choice) ? modes[choice] : ''
  if (mode) return { mode }
  if (isObject(choice) && choice.type === 'allowed_tools') return allowedOf(choice.allowed_tools)
  const name = isObject(choice) ? nameIn(choice) : undefined
  if (name === undefined)
    throw invalid('tool_choice', 'must be auto, none, required, or name a function.')
  return { mode: 'ANY', allowedFunctionNames: [name] }
}

function allowedOf(allowed: unknown): JsonObject {
  const tools = isObject(allowed) && isList(allowed.tools) ? allowed.tools : []
  const names = tools.flatMap((tool) => (isObject(tool) ? (nameIn(tool) ?? []) : []))
  if (names.length === 0)
    throw invalid('tool_choice.allowed_tools.tools', 'must name at least one function.')
  const isNeeded = isObject(allowed) && allowed.mode === 'required'
  return { mode: isNeeded ? 'ANY' : 'VALIDATED', allowedFunctionNames: names }
}

function nameIn(choice: JsonObject): string | undefined {
  return textOf(isObject(choice.function) ? choice.function.name : choice.name)
}
