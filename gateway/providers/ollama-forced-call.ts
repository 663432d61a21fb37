import { fieldOf, isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { ModelRequest, Target } from './provider.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/**
 * The one function that a request demands to be called. Ollama leaves the choice of a tool to the model, but answers
 * by a schema: so its arguments are asked for as the answer.
 */
export interface ForcedCall {
  readonly name: string
  readonly description: string | undefined
  /** What its arguments must fit. */
  readonly schema: JsonObject
}

/** What `tool_choice` demands; undefined where the model may choose. */
export function forcedCallOf({ tools, tool_choice: choice }: JsonObject): ForcedCall | undefined {
  const functions = isList(tools) ? tools.flatMap(functionIn) : []
  const name = nameIn(choice)
  if (choice === 'required' && functions.length === 1) return functions[0]
  return name === undefined ? undefined : functions.find((one) => one.name === name)
}

/** Refuses a `tool_choice` that cannot be said, unless the deployment drops such parameters. */
export function refuseChoice(fields: JsonObject, { params }: Target): void {
  const { tool_choice: choice } = fields
  const isFree = choice === undefined || choice === 'auto' || choice === 'none'
  if (isFree || params.dropParams === true || forcedCallOf(fields) !== undefined) return
  const name = nameIn(choice)
  if (name !== undefined)
    throw invalid('tool_choice', `names the function '${name}', which is not among the tools.`)
  throw unsupported(
    'tool_choice',
    'Ollama leaves the choice among several tools to the model; auto, none and one function can be said.',
  )
}

/** Messages that tell the model what it is to answer with. */
export function demanding(
  messages: readonly JsonObject[],
  { name, description, schema }: ForcedCall,
): readonly JsonObject[] {
  const purpose = description === undefined ? '' : ` (${description})`
  const demand = `Call the function ${name}${purpose}: answer with its arguments alone, as JSON that fits this schema: ${JSON.stringify(schema)}`
  const [first, ...rest] = messages
  if (first?.role !== 'system') return [{ role: 'system', content: demand }, ...messages]
  const said = textOf(first.content) ?? ''
  return [{ ...first, content: said === '' ? demand : `${said}\n\n${demand}` }, ...rest]
}

/** The call that an answer's text is. */
export function callOf({ name }: ForcedCall, text: string, request: ModelRequest): JsonObject {
  const id = `call_${request.answerId.replace(/^chatcmpl-/, '')}_0`
  return { id, type: 'function', function: { name, arguments: text } }
}

function functionIn(tool: unknown): readonly ForcedCall[] {
  const called = fieldOf(tool, 'function')
  const name = textOf(fieldOf(called, 'name'))
  if (name === undefined) return []
  const parameters = fieldOf(called, 'parameters')
  return [
    {
      name,
      description: textOf(fieldOf(called, 'description')),
      schema: isObject(parameters) ? { type: 'object', ...parameters } : { type: 'object' },
    },
  ]
}

function nameIn(choice: unknown): string | undefined {
  return textOf(fieldOf(fieldOf(choice, 'function'), 'name'))
}
