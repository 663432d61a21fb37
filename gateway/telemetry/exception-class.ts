const classes: Readonly<Record<string, string>> = {
  invalid_request: 'BadRequestError',
  unsupported_parameter: 'UnsupportedParamsError',
  invalid_api_key: 'AuthenticationError',
  model_not_allowed: 'PermissionDeniedError',
  model_not_found: 'NotFoundError',
  endpoint_not_offered: 'NotFoundError',
  upstream_rejected: 'BadRequestError',
  context_length_exceeded: 'ContextWindowExceededError',
  content_policy_violation: 'ContentPolicyViolationError',
  upstream_refused_our_key: 'AuthenticationError',
  upstream_lacks_model: 'NotFoundError',
  upstream_rate_limited: 'RateLimitError',
  upstream_failed: 'InternalServerError',
  upstream_unreachable: 'APIConnectionError',
  upstream_timeout: 'Timeout',
  upstream_nonsense: 'APIError',
  stream_interrupted: 'MidStreamError',
  no_deployment_available: 'ServiceUnavailableError',
  queue_full: 'ServiceUnavailableError',
  caller_deadline: 'Timeout',
}

/** LiteLLM's exception name for an error code, as its dashboards group by it. */
export function errorClassOf(code: string | undefined): string {
  return classes[code ?? ''] ?? 'APIError'
}
