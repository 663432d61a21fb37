import { isObject } from '../../modules/json-object.ts'
import type { ModelTraits } from './anthropic-models.ts'
import { answerSchema } from './anthropic-schema.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { ModelRequest, Target } from './provider.ts'
import { isGiven, type JsonObject } from './read-json.ts'

/** The tool whose arguments are the answer where a model is to answer in JSON. */
const jsonToolName = 'json_answer'

/** How an answer in JSON is brought about: one of three ways, the surest that the model and the request allow. */
export interface JsonAnswer {
  /** `output_config.format`. */
  readonly format?: JsonObject
  /** A tool that must be called. */
  readonly tool?: JsonObject
  /** Words at the end of the system prompt. */
  readonly instruction?: string
}

/** What is to be done for `response_format`. */
export function jsonAnswerOf(
  fields: JsonObject,
  target: Target,
  how: { readonly traits: ModelTraits; readonly mayForce: boolean },
): JsonAnswer {
  const asked = fields.response_format
  if (!isGiven(asked)) return {}
  if (!isObject(asked)) throw invalid('response_format', 'must be an object with a type.')
  if (asked.type === 'text') return {}
  if (asked.type === 'json_object') return withoutFormat(undefined, how.mayForce)
  if (asked.type !== 'json_schema') {
    if (target.params.dropParams === true) return {}
    throw unsupported('response_format', 'it knows the types text, json_object and json_schema.')
  }
  const schema = schemaIn(asked)
  if (how.traits.hasSchemas)
    return { format: { type: 'json_schema', schema: answerSchema(schema) } }
  return withoutFormat(schema, how.mayForce)
}

function schemaIn(asked: JsonObject): JsonObject {
  const schema = isObject(asked.json_schema) ? asked.json_schema.schema : undefined
  if (!isObject(schema))
    throw invalid('response_format.json_schema.schema', 'must be a JSON schema.')
  return schema
}

function withoutFormat(schema: JsonObject | undefined, mayForce: boolean): JsonAnswer {
  // A tool takes an object; a schema of something else has to be asked for in words.
  const isObjectAsked = schema === undefined || schema.type === 'object'
  if (mayForce && isObjectAsked) return { tool: jsonTool(schema) }
  const demand = 'Answer with one JSON value alone: no other text, no code fence.'
  const fit = schema && ` It must fit this JSON schema: ${JSON.stringify(schema)}`
  return { instruction: schema ? `${demand}${fit}` : demand.replace('value', 'object') }
}

function jsonTool(schema: JsonObject | undefined): JsonObject {
  return {
    name: jsonToolName,
    description: 'Gives the whole answer, as a JSON object.',
    input_schema: schema ?? { type: 'object', additionalProperties: true },
  }
}

/** Whether a called tool is the one that carries the answer. */
export function isJsonAnswer(name: unknown, request: ModelRequest): boolean {
  return name === jsonToolName && isGiven(request.fields.response_format)
}
