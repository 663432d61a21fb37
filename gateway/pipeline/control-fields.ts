/**
 * Body fields that steer the gateway and are never sent upstream, as LiteLLM consumes them.
 * `metadata` is one of OpenAI's own too: it goes on to an OpenAI server and nowhere else.
 */
export const controlFields: ReadonlySet<string> = new Set([
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'disable_fallbacks',
  'mock_testing_fallbacks',
  'mock_testing_context_fallbacks',
  'mock_testing_content_policy_fallbacks',
  'mock_response',
  'num_retries',
  'max_retries',
  'timeout',
  'stream_timeout',
  'cache',
  'caching',
  'tags',
  'guardrails',
  'litellm_metadata',
  'litellm_call_id',
  'litellm_trace_id',
  'litellm_session_id',
])
