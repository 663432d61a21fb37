import { GatewayError } from '../errors/gateway-error.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { countOf, isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { withoutSecrets } from './without-secrets.ts'

/** An answer or one line of a stream, as an object; what Ollama reports as `error` is thrown. */
export function readOllama(answer: unknown, request: ModelRequest): JsonObject {
  if (!isObject(answer)) throw nonsense('an object was expected', request.model)
  if (!isGiven(answer.error)) return answer
  const said = withoutSecrets(
    textOf(answer.error) ?? textOf(isObject(answer.error) ? answer.error.message : '') ?? '',
  )
  throw new GatewayError(
    'upstream_failed',
    `The server behind model '${request.model}' failed${said === '' ? '' : `: ${said}`}. Try again, or look at its log.`,
  )
}

/** OpenAI's `finish_reason` from Ollama's `done_reason`. Calls come whole, but for one that is written as text. */
export function finishReasonOf(
  answer: JsonObject,
  hasToolCalls: boolean,
  written?: object,
): string {
  const isCut = answer.done_reason === 'length'
  if (hasToolCalls && !(isCut && written)) return 'tool_calls'
  return isCut ? 'length' : 'stop'
}

/** OpenAI's `usage`. Ollama leaves a count out where it is nought. */
export function usageOf(answer: JsonObject): Record<string, number> {
  const prompt = countOf(answer.prompt_eval_count) ?? 0
  const completion = countOf(answer.eval_count) ?? 0
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}

/** A text field that may be absent; anything else is not Ollama's dialect. */
export function optionalText(value: unknown, field: string, request: ModelRequest): string {
  if (!isGiven(value)) return ''
  if (typeof value !== 'string') throw nonsense(`a text was expected as '${field}'`, request.model)
  return value
}

/** OpenAI's tool calls, the first being number `first`; an id Ollama does not give follows from the answer's. */
export function toolCallsIn(
  message: JsonObject,
  first: number,
  request: ModelRequest,
): readonly JsonObject[] {
  if (!isGiven(message.tool_calls)) return []
  if (!isList(message.tool_calls))
    throw nonsense("a list was expected as 'tool_calls'", request.model)
  return message.tool_calls.map((call, offset) => {
    const made = isObject(call) && isObject(call.function) ? call.function : undefined
    const name = textOf(made?.name)
    if (!isObject(call) || name === undefined)
      throw nonsense('a tool call has no name', request.model)
    const index = first + offset
    const id = textOf(call.id) || `call_${request.answerId.replace(/^chatcmpl-/, '')}_${index}`
    return {
      id,
      type: 'function',
      function: { name, arguments: writtenArguments(made?.arguments) },
    }
  })
}

function writtenArguments(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value ?? {})
}
