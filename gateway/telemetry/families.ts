import { pathOf } from '../../modules/endpoints.ts'
import type { Caller } from '../auth/keyring.ts'
import { errorClassOf } from './exception-class.ts'
import type { AttemptRow, ExchangeRow, FallbackRow, RetryRow } from './exchange-rows.ts'
import type { Histogram } from './histogram.ts'

export type Labels = Readonly<Record<string, string>>

/** One metric name, as a view on the rows. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly view: CounterView | HistogramView | AttemptView | FallbackView | RetryView
}

interface CounterView {
  readonly kind: 'counter'
  /** Undefined: this row has no part in the family. */
  value(row: ExchangeRow): number | undefined
  labels(row: ExchangeRow): Labels
}

interface HistogramView {
  readonly kind: 'histogram'
  value(row: ExchangeRow): Histogram
  labels(row: ExchangeRow): Labels
}

interface AttemptView {
  readonly kind: 'attempts'
  value(row: AttemptRow): number | undefined
  labels(row: AttemptRow): Labels
}

interface FallbackView {
  readonly kind: 'fallbacks'
  value(row: FallbackRow): number | undefined
  labels(row: FallbackRow): Labels
}

interface RetryView {
  readonly kind: 'retries'
  value(row: RetryRow): number
  labels(row: RetryRow): Labels
}

// LiteLLM writes a label it has no value for as this word, and dashboards filter on it.
const none = 'None'

// Of a virtual key also what people call it, its team and its user: admins give these names, not callers.
const keyLabels = ({ id, access }: Caller): Labels => ({
  hashed_api_key: id,
  api_key_alias: access?.alias ?? none,
  team: access?.teamId ?? none,
  team_alias: access?.teamAlias ?? none,
})

const identity = (caller: Caller): Labels => ({
  end_user: none,
  ...keyLabels(caller),
  user: caller.access?.userId ?? none,
})

const modelLabels = ({ exchange }: ExchangeRow): Labels => ({
  requested_model: exchange.group,
  model: exchange.deployment?.target.model ?? exchange.group,
  model_id: exchange.deployment?.id ?? none,
  api_provider: exchange.deployment?.provider.name ?? none,
})

// A client's address and agent are the caller's invention: the labels are there, their values are not.
const proxyLabels = (row: ExchangeRow): Labels => ({
  ...identity(row.exchange.caller),
  requested_model: row.exchange.group,
  user_email: none,
  route: row.exchange.endpoint.shown?.route ?? `/v1${pathOf(row.exchange.endpoint.name)}`,
  client_ip: none,
  user_agent: none,
  model_id: row.exchange.deployment?.id ?? none,
  api_provider: row.exchange.deployment?.provider.name ?? none,
})

const isFailed = ({ exchange }: ExchangeRow): boolean =>
  exchange.outcome !== 'ok' && exchange.outcome !== 'caller_gone'

const tokenLabels = (row: ExchangeRow): Labels => ({
  ...identity(row.exchange.caller),
  ...modelLabels(row),
  user_email: none,
})

const latencyLabels = (row: ExchangeRow): Labels => ({
  ...identity(row.exchange.caller),
  ...modelLabels(row),
  model_group: row.exchange.group,
  service_tier: none,
})

const deploymentLabels = ({ deployment, group, requested, caller }: AttemptRow): Labels => ({
  model_group: group,
  requested_model: requested,
  litellm_model_name: deployment.target.model,
  model_id: deployment.id,
  api_base: deployment.origin + deployment.basePath,
  api_provider: deployment.provider.name,
  ...keyLabels(caller),
  client_ip: none,
  user_agent: none,
})

const fallbacks = (name: string, help: string, isAnswered: boolean): Family => ({
  name: `litellm_deployment_${name}_fallbacks_total`,
  help,
  view: {
    kind: 'fallbacks',
    value: (row) => (row.isAnswered === isAnswered ? row.count : undefined),
    labels: ({ requested, to, caller, outcome, status, failedDeployment }) => ({
      requested_model: requested,
      fallback_model: to,
      ...keyLabels(caller),
      exception_status: `${status}`,
      exception_class: errorClassOf(outcome),
      model_id: failedDeployment ?? none,
    }),
  },
})

const tokens = (name: string, help: string, count: (row: ExchangeRow) => number): Family => ({
  name: `litellm_${name}_metric_total`,
  help,
  view: { kind: 'counter', value: (row) => count(row) || undefined, labels: tokenLabels },
})

const latency = (name: string, help: string, value: (row: ExchangeRow) => Histogram): Family => ({
  name: `litellm_${name}_metric`,
  help,
  view: { kind: 'histogram', value, labels: latencyLabels },
})

/** Every family made from exchanges. Names and labels are LiteLLM's where it has them. */
export const families: readonly Family[] = [
  {
    name: 'litellm_requests_total',
    help: 'Requests by the model asked for and the HTTP status answered.',
    view: {
      kind: 'counter',
      value: (row) => row.count,
      labels: ({ exchange }) => ({ model: exchange.group, status: `${exchange.status}` }),
    },
  },
  {
    name: 'litellm_proxy_total_requests_metric_total',
    help: 'Requests that came to the gateway.',
    view: {
      kind: 'counter',
      value: (row) => row.count,
      labels: (row) => ({ ...proxyLabels(row), status_code: `${row.exchange.status}` }),
    },
  },
  {
    name: 'litellm_proxy_failed_requests_metric_total',
    help: 'Requests that the gateway answered with an error.',
    view: {
      kind: 'counter',
      value: (row) => (isFailed(row) ? row.count : undefined),
      labels: (row) => ({
        ...proxyLabels(row),
        exception_status: `${row.exchange.status}`,
        exception_class: errorClassOf(row.exchange.outcome),
      }),
    },
  },
  tokens('requests', 'Requests that a model answered or failed.', (row) => row.count),
  tokens('total_tokens', 'Tokens in and out.', (row) => row.totalTokens),
  tokens('input_tokens', 'Tokens of prompts.', (row) => row.promptTokens),
  tokens('output_tokens', 'Tokens of answers.', (row) => row.completionTokens),
  tokens(
    'input_cached_tokens',
    'Prompt tokens that an upstream took from its cache.',
    (row) => row.cachedTokens,
  ),
  tokens(
    'output_reasoning_tokens',
    'Tokens of reasoning among those of answers.',
    (row) => row.reasoningTokens,
  ),
  {
    name: 'litellm_spend_metric_total',
    help: 'US dollars spent.',
    view: {
      kind: 'counter',
      value: (row) => (row.costNano === 0 ? undefined : row.costNano / 1e9),
      labels: (row) => ({
        ...tokenLabels(row),
        client_ip: none,
        user_agent: none,
        service_tier: none,
      }),
    },
  },
  {
    name: 'litellm_zero_cost_requests_total',
    help: 'Answers of which nobody knows the cost.',
    view: {
      kind: 'counter',
      value: (row) => row.unpriced || undefined,
      labels: (row) => ({ ...modelLabels(row), reason: 'no_price' }),
    },
  },
  tokens('images_generated', 'Pictures made.', (row) => row.images),
  latency('request_total_latency', 'Seconds from acceptance to the last byte.', (row) => row.total),
  latency('llm_api_latency', 'Seconds spent waiting for upstreams.', (row) => row.upstream),
  latency(
    'llm_api_time_to_first_token',
    'Seconds to the first event of a stream.',
    (row) => row.firstByte,
  ),
  latency('overhead_latency', 'Seconds spent in the gateway itself.', (row) => row.overhead),
  {
    name: 'litellm_deployment_total_requests_total',
    help: 'Attempts at a deployment.',
    view: { kind: 'attempts', value: (row) => row.count, labels: deploymentLabels },
  },
  {
    name: 'litellm_deployment_success_responses_total',
    help: 'Attempts that a deployment answered.',
    view: {
      kind: 'attempts',
      value: (row) => (row.outcome === 'ok' ? row.count : undefined),
      labels: deploymentLabels,
    },
  },
  {
    name: 'litellm_deployment_failure_responses_total',
    help: 'Attempts that a deployment failed.',
    view: {
      kind: 'attempts',
      value: (row) =>
        row.outcome === 'ok' || row.outcome === 'caller_gone' ? undefined : row.count,
      labels: (row) => ({
        ...deploymentLabels(row),
        exception_status: `${row.status}`,
        exception_class: errorClassOf(row.outcome),
      }),
    },
  },
  {
    name: 'colonnade_upstream_attempts_total',
    help: 'Attempts at deployments by outcome: ok or an error code.',
    view: {
      kind: 'attempts',
      value: (row) => row.count,
      labels: (row) => ({
        model: row.group,
        model_deployment: row.deployment.id,
        outcome: row.outcome,
      }),
    },
  },
  fallbacks('successful', 'Other models that answered in place of one that failed.', true),
  fallbacks('failed', 'Other models that failed in place of one that failed.', false),
  {
    name: 'colonnade_retries_total',
    help: 'Retries within a model group: made, or refused by the retry budget.',
    view: {
      kind: 'retries',
      value: (row) => row.count,
      labels: ({ group, isAllowed }) => ({ model: group, outcome: isAllowed ? 'made' : 'refused' }),
    },
  },
  {
    name: 'litellm_request_queue_time_seconds',
    help: 'Seconds that requests waited for a place, of deployments with places or quotas.',
    view: { kind: 'histogram', value: (row) => row.queue, labels: modelLabels },
  },
]
