import { invalid, unsupported } from './dialect-limits.ts'
import type { Target } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'

/** Ollama's `format` from OpenAI's `response_format`; nothing where plain text is asked. */
export function formatOf(fields: JsonObject, target: Target): JsonObject {
  const asked = fields.response_format
  if (!isGiven(asked)) return {}
  if (!isObject(asked)) throw invalid('response_format', 'must be an object with a type.')
  if (asked.type === 'text') return {}
  if (asked.type === 'json_object') return { format: 'json' }
  if (asked.type === 'json_schema') return { format: schemaIn(asked) }
  if (target.params.dropParams === true) return {}
  throw unsupported('response_format', 'it knows the types text, json_object and json_schema.')
}

function schemaIn(asked: JsonObject): JsonObject {
  const schema = isObject(asked.json_schema) ? asked.json_schema.schema : undefined
  if (!isObject(schema))
    throw invalid('response_format.json_schema.schema', 'must be a JSON schema.')
  return schema
}

const levels: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
}

/** Ollama's `think`: its own word first, then `reasoning_effort`, then `thinking: {type}`. */
export function thinkOf(fields: JsonObject, target: Target): JsonObject {
  if (isGiven(fields.think)) return { think: fields.think }
  if (isGiven(fields.reasoning_effort))
    return { think: effortOf(fields.reasoning_effort, target.model) }
  if (isObject(fields.thinking)) return { think: fields.thinking.type !== 'disabled' }
  return {}
}

function effortOf(effort: unknown, model: string): string | boolean {
  const word = textOf(effort) ?? ''
  if (word === 'none') return false
  const level = Object.hasOwn(levels, word) ? levels[word] : undefined
  if (level === undefined)
    throw invalid('reasoning_effort', `must be none, ${Object.keys(levels).join(', ')}.`)
  // Only gpt-oss knows levels; other models think or do not.
  return model.includes('gpt-oss') ? level : true
}
