/** Every way a request can fail: status, type, and what it means for routing. */
export interface ErrorKind {
  readonly status: number
  readonly type: string
  /** Whether the next deployment may be tried. */
  readonly next: boolean
  /** Whether it counts against the deployment's health. */
  readonly hurts: boolean
}

const refusal = { next: false, hurts: false } as const
const failure = { type: 'api_error', next: true, hurts: true } as const

export const errorCatalogue = {
  invalid_request: { status: 400, type: 'invalid_request_error', ...refusal },
  request_too_large: { status: 413, type: 'invalid_request_error', ...refusal },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', ...refusal },
  unsupported_parameter: { status: 400, type: 'invalid_request_error', ...refusal },
  invalid_api_key: { status: 401, type: 'authentication_error', ...refusal },
  model_not_allowed: { status: 403, type: 'permission_error', ...refusal },
  route_not_allowed: { status: 403, type: 'permission_error', ...refusal },
  model_not_found: { status: 404, type: 'invalid_request_error', ...refusal },
  endpoint_not_offered: { status: 404, type: 'invalid_request_error', ...refusal },
  not_found: { status: 404, type: 'invalid_request_error', ...refusal },
  method_not_allowed: { status: 405, type: 'invalid_request_error', ...refusal },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', ...refusal },
  budget_exceeded: { status: 429, type: 'insufficient_quota', ...refusal },
  upstream_rejected: { status: 400, type: 'invalid_request_error', ...refusal },
  // OpenAI's own words for two of an upstream's refusals: another model may still take the request.
  context_length_exceeded: { status: 400, type: 'invalid_request_error', ...refusal },
  content_policy_violation: { status: 400, type: 'invalid_request_error', ...refusal },
  upstream_refused_our_key: { status: 502, ...failure },
  upstream_lacks_model: { status: 502, ...failure },
  upstream_rate_limited: { status: 429, type: 'rate_limit_error', next: true, hurts: true },
  upstream_failed: { status: 502, ...failure },
  upstream_unreachable: { status: 502, ...failure },
  upstream_timeout: { status: 504, ...failure },
  upstream_nonsense: { status: 502, ...failure },
  stream_interrupted: { status: 502, type: 'api_error', next: false, hurts: true },
  no_deployment_available: { status: 503, type: 'api_error', ...refusal },
  queue_full: { status: 503, type: 'api_error', ...refusal },
  // Nobody sees this one: it stands in rows and metrics.
  caller_gone: { status: 499, type: 'invalid_request_error', ...refusal },
  caller_deadline: { status: 504, type: 'api_error', ...refusal },
  storage_unavailable: { status: 503, type: 'api_error', ...refusal },
  not_ready: { status: 503, type: 'api_error', ...refusal },
  shutting_down: { status: 503, type: 'api_error', ...refusal },
  internal_error: { status: 500, type: 'api_error', ...refusal },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCatalogue
