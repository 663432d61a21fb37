import { fieldOf, isObject } from '../../modules/json-object.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { ModelRequest, Target } from './provider.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/**
 * The functions of which a request demands that one be called. Ollama leaves the choice of a tool to the model, but
 * answers by a schema: so the call is asked for as the answer. Of one function its arguments alone.
 */
export type ForcedCall = readonly [Callable, ...Callable[]]

interface Callable {
  readonly name: string
  readonly description: string | undefined
  /** What its arguments must fit. */
  readonly schema: JsonObject
}

/** What `tool_choice` demands; undefined where the model may choose, or where it cannot be said. */
export function forcedCallOf({ tools, tool_choice: choice }: JsonObject): ForcedCall | undefined {
  const functions = isList(tools) ? tools.flatMap(callableIn) : []
  const name = nameIn(choice)
  const asked = choice === 'required' ? functions : functions.filter((one) => one.name === name)
  const [first, ...rest] = asked
  if (first === undefined) return undefined
  // A reference points into the schema it stands in, which is one of several here.
  const areApart = rest.length > 0 && JSON.stringify(asked).includes('"$ref"')
  return areApart ? undefined : [first, ...rest]
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
    'it takes auto, none, one function, and required where the parameters of several tools hold no $ref.',
  )
}

/** Ollama's `format` for the call. */
export function formatFor(forced: ForcedCall): JsonObject {
  if (forced.length === 1) return forced[0].schema
  return {
    anyOf: forced.map(({ name, schema }) => ({
      type: 'object',
      properties: { name: { type: 'string', enum: [name] }, arguments: schema },
      required: ['name', 'arguments'],
    })),
  }
}

/** Messages that tell the model what it is to answer with. */
export function demanding(
  messages: readonly JsonObject[],
  forced: ForcedCall,
): readonly JsonObject[] {
  const demand = forced.length === 1 ? demandOf(forced[0]) : demandOfSeveral(forced)
  const [first, ...rest] = messages
  if (first?.role !== 'system') return [{ role: 'system', content: demand }, ...messages]
  const said = textOf(first.content) ?? ''
  return [{ ...first, content: said === '' ? demand : `${said}\n\n${demand}` }, ...rest]
}

/** The call that a whole answer is; undefined where it was cut off before it was one. */
export function callOf(
  forced: ForcedCall,
  text: string,
  request: ModelRequest,
): JsonObject | undefined {
  if (forced.length === 1) return beginCall(forced[0], text, request)
  const said = parsed(text)
  const called = forced.find(({ name }) => name === fieldOf(said, 'name'))
  return called && beginCall(called, JSON.stringify(fieldOf(said, 'arguments') ?? {}), request)
}

/** A call with its arguments, or the first of them. */
export function beginCall({ name }: Callable, text: string, request: ModelRequest): JsonObject {
  const id = `call_${request.answerId.replace(/^chatcmpl-/, '')}_0`
  return { id, type: 'function', function: { name, arguments: text } }
}

function demandOf(one: Callable): string {
  return `Call the function ${titleOf(one)}: answer with its arguments alone, as JSON that fits this schema: ${JSON.stringify(one.schema)}`
}

function demandOfSeveral(forced: ForcedCall): string {
  const lines = forced.map((one) => `${titleOf(one)}: ${JSON.stringify(one.schema)}`)
  return `Call one of these functions: answer with {"name": …, "arguments": …} alone, as JSON. Each with the schema of its arguments:\n${lines.join('\n')}`
}

function titleOf({ name, description }: Callable): string {
  return description === undefined ? name : `${name} (${description})`
}

function callableIn(tool: unknown): readonly Callable[] {
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
