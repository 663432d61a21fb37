import { isObject } from '../../modules/json-object.ts'
import type { CallerRequest } from './caller-dialect.ts'
import { countOf, isList, textOf, type Fields } from './read-fields.ts'

/** What changes in a response while it comes. */
export interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed'
  readonly output: readonly Fields[]
  readonly incomplete?: 'max_output_tokens' | 'content_filter' | undefined
  readonly error?: { readonly code: string; readonly message: string } | undefined
  /** Chat's. */
  readonly usage?: unknown
  readonly serviceTier?: unknown
}

/** OpenAI's response object: every field it documents, as the caller asked for it. */
export function responseOf(asked: CallerRequest, state: ResponseState): Fields {
  const { fields } = asked
  return {
    id: asked.answerId,
    object: 'response',
    created_at: asked.createdSeconds ?? 0,
    status: state.status,
    background: false,
    completed_at: state.status === 'completed' ? (asked.nowSeconds?.() ?? null) : null,
    error: state.error ?? null,
    incomplete_details: state.incomplete === undefined ? null : { reason: state.incomplete },
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    max_tool_calls: fields.max_tool_calls ?? null,
    model: asked.model,
    output: state.output,
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    previous_response_id: asked.previousId ?? fields.previous_response_id ?? null,
    prompt_cache_key: fields.prompt_cache_key ?? null,
    prompt_cache_retention: fields.prompt_cache_retention ?? null,
    reasoning: { effort: null, summary: null, ...objectOf(fields.reasoning) },
    safety_identifier: fields.safety_identifier ?? null,
    service_tier: textOf(state.serviceTier) ?? null,
    store: asked.isStored === true,
    temperature: fields.temperature ?? null,
    text: { format: { type: 'text' }, verbosity: 'medium', ...objectOf(fields.text) },
    tool_choice: fields.tool_choice ?? 'auto',
    tools: isList(fields.tools) ? fields.tools : [],
    top_logprobs: fields.top_logprobs ?? 0,
    top_p: fields.top_p ?? null,
    truncation: fields.truncation ?? 'disabled',
    usage: usageOf(state.usage),
    user: fields.user ?? null,
    metadata: objectOf(fields.metadata),
  }
}

function objectOf(value: unknown): Fields {
  if (!isObject(value)) return {}
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
}

/** The Responses form of chat's usage; null where none was told. */
function usageOf(told: unknown): Fields | null {
  if (!isObject(told)) return null
  const prompt = objectOf(told.prompt_tokens_details)
  const completion = objectOf(told.completion_tokens_details)
  const input = countOf(told.prompt_tokens)
  const output = countOf(told.completion_tokens)
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: countOf(prompt.cached_tokens ?? told.prompt_cache_hit_tokens),
      cache_write_tokens: countOf(
        prompt.cache_write_tokens ??
          prompt.cache_creation_tokens ??
          told.cache_creation_input_tokens,
      ),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: countOf(completion.reasoning_tokens) },
    total_tokens: countOf(told.total_tokens) || input + output,
  }
}
