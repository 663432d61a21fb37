import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ChatModel } from './caller-dialect.ts'
import { historyOf } from './messages-history.ts'
import { toolFields } from './messages-tools.ts'
import { isGiven, textOf, type Fields } from './read-fields.ts'
import { invalid, unsupported } from './refusals.ts'

/** Fields that are said in other words, or that mean something to Anthropic's servers alone. */
const spoken = new Set([
  'messages',
  'system',
  'tools',
  'tool_choice',
  'stop_sequences',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'stream_options',
  'service_tier',
  'cache_control',
  'context_management',
  'diagnostics',
  'inference_geo',
  'speed',
  'betas',
  'mcp_servers',
  'container',
  'anthropic_version',
  'anthropic_beta',
])

/** OpenAI's chat fields from the body of a `/v1/messages`. Fields that nobody knows go on as they came. */
export function toChat(fields: Fields, model: ChatModel = {}): Record<string, unknown> {
  refuseThread(fields)
  if (!model.dropsParams) refuseServerParts(fields)
  return {
    ...Object.fromEntries(
      Object.entries(fields).filter(([name, value]) => isGiven(value) && !spoken.has(name)),
    ),
    messages: historyOf(fields, model),
    ...toolFields(fields, model),
    ...stopsOf(fields.stop_sequences),
    ...userOf(fields.metadata),
    ...(model.reasons === false ? {} : effortOf(fields)),
    ...formatOf(fields),
    ...(fields.stream === true && { stream_options: { include_usage: true } }),
  }
}

/**
 * A conversation that Anthropic's servers hold, of which only what is new would come. It is never left out: the rest
 * would be lost. Its clients know this answer, and send all of it without a thread.
 */
function refuseThread({ thread }: Fields): void {
  if (!isGiven(thread)) return
  throw new GatewayError(
    'unsupported_parameter',
    "'thread' is not possible with this model: only Anthropic's own servers hold a conversation. Send all messages, without it.",
    {
      param: 'thread',
      anthropicDetails: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
    },
  )
}

/** What Anthropic's servers would do for the caller on the way. */
function refuseServerParts(fields: Fields): void {
  for (const name of ['mcp_servers', 'container']) {
    const value = fields[name]
    const isAsked = Array.isArray(value) ? value.length > 0 : isGiven(value)
    if (isAsked)
      throw unsupported(
        name,
        "only Anthropic's own servers have it. Leave it out, or set drop_params: true for the model.",
      )
  }
}

function stopsOf(stops: unknown): Fields {
  if (!isGiven(stops)) return {}
  if (!Array.isArray(stops) || stops.some((stop) => typeof stop !== 'string'))
    throw invalid('stop_sequences', 'must be a list of texts.')
  return stops.length === 0 ? {} : { stop: stops }
}

// OpenAI takes no longer ones.
const longestUser = 64

function userOf(metadata: unknown): Fields {
  const user = isObject(metadata) ? textOf(metadata.user_id) : undefined
  return user === undefined || user === '' || user.length > longestUser ? {} : { user }
}

const efforts: Readonly<Record<string, string>> = {
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'xhigh',
}

/** How hard to think: what the caller names, else by the budget. Left to the model where it may decide. */
function effortOf({ thinking, output_config: config }: Fields): Fields {
  const { type, budget_tokens: budget } = isObject(thinking) ? thinking : { type: undefined }
  if (type === 'disabled') return {}
  const named = isObject(config) ? config.effort : undefined
  if (isGiven(named)) {
    const effort = typeof named === 'string' && Object.hasOwn(efforts, named) && efforts[named]
    if (!effort)
      throw invalid('output_config.effort', `must be one of ${Object.keys(efforts).join(', ')}.`)
    return { reasoning_effort: effort }
  }
  if (type !== 'enabled') return {}
  if (typeof budget !== 'number') throw invalid('thinking.budget_tokens', 'must be a number.')
  return { reasoning_effort: effortFor(budget) }
}

// As LiteLLM has it, whose users know these steps.
function effortFor(budget: number): string {
  if (budget >= 10_000) return 'high'
  return budget >= 5_000 ? 'medium' : 'low'
}

function formatOf({ output_config: config, output_format: older }: Fields): Fields {
  const format = (isObject(config) ? config.format : undefined) ?? older
  if (!isGiven(format)) return {}
  if (!isObject(format) || format.type !== 'json_schema' || !isObject(format.schema))
    throw invalid('output_config.format', 'must have the type json_schema and a schema.')
  const { schema } = format
  return {
    response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } },
  }
}
