import { isObject } from '../../modules/json-object.ts'
import type { ChatModel } from './caller-dialect.ts'
import { isGiven, objectsIn, textIn, textOf, type Fields } from './read-fields.ts'
import { invalid, unsupported } from './refusals.ts'

/** OpenAI's `tools`, `tool_choice` and `parallel_tool_calls` from Anthropic's. */
export function toolFields(fields: Fields, model: ChatModel): Fields {
  const listed = objectsIn(fields.tools, 'tools')
  const sayable = model.dropsParams ? listed.filter(([tool]) => !isOfServers(tool)) : listed
  const tools = sayable.map(([tool, path]) => toolOf(tool, path, model))
  if (tools.length === 0) return {}
  return { tools, ...choiceOf(fields.tool_choice) }
}

/** Tools that Anthropic's servers run, or that its models were made for: they come without a schema. */
function isOfServers({ type, input_schema: schema }: Fields): boolean {
  return isGiven(type) && type !== 'custom' && !isObject(schema)
}

function toolOf(tool: Fields, path: string, { takesCacheMarks }: ChatModel): Fields {
  const { name, description, input_schema: schema, strict, cache_control: mark } = tool
  if (!isObject(schema)) {
    if (isOfServers(tool))
      throw unsupported(
        `${path}.type`,
        'only models of Anthropic know this tool. Leave it out, describe it with an input_schema, or set drop_params: true for the model.',
      )
    throw invalid(`${path}.input_schema`, 'must be a JSON schema.')
  }
  return {
    type: 'function',
    function: {
      name: textIn(name, `${path}.name`),
      ...(isGiven(description) && { description }),
      parameters: schema,
      ...(strict === true && { strict }),
    },
    ...(takesCacheMarks && isGiven(mark) && { cache_control: mark }),
  }
}

const choices: Readonly<Record<string, string>> = { auto: 'auto', any: 'required', none: 'none' }

function choiceOf(choice: unknown): Fields {
  if (!isGiven(choice)) return {}
  if (!isObject(choice)) throw invalid('tool_choice', 'must be an object with a type.')
  const isSingle = choice.disable_parallel_tool_use === true
  return {
    tool_choice: wordFor(choice),
    ...(isSingle && { parallel_tool_calls: false }),
  }
}

function wordFor({ type, name }: Fields): unknown {
  if (type === 'tool')
    return { type: 'function', function: { name: textIn(name, 'tool_choice.name') } }
  const word = textOf(type) ?? ''
  if (Object.hasOwn(choices, word)) return choices[word]
  throw invalid('tool_choice.type', 'must be auto, any, tool or none.')
}
