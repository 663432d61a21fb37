import { isObject } from '../../modules/json-object.ts'
import { invalid } from './dialect-limits.ts'
import { isGiven, type JsonObject } from './read-json.ts'

/** A tool call's arguments as an object: OpenAI writes them as JSON text, other dialects as they are. */
export function argumentsOf(written: unknown, path: string): JsonObject {
  if (!isGiven(written) || written === '') return {}
  const value = typeof written === 'string' ? parsed(written) : written
  if (!isObject(value)) throw invalid(path, 'must be a JSON object, written as text.')
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
