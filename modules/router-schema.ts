import { allowedFailsPolicySchema, retryPolicySchema } from './failure-policies.ts'
import { fallbacksSchema, modelNamesSchema } from './fallback-schema.ts'
import { queueSchema } from './limit-schema.ts'
import {
  either,
  flag,
  integer,
  listOf,
  litellmBlock,
  mapOf,
  number,
  oneOf,
  optional,
  ourBlock,
  seconds,
  secondsOrNone,
  text,
} from './schema-parts.ts'
import { strategyNames } from './strategy-names.ts'

/** Longest exchange where the file names none: what LiteLLM's users write most. */
export const defaultTimeoutSeconds = 600
export const defaultConnectTimeoutSeconds = 5

export const strategyArguments = litellmBlock(
  'routing_strategy_args',
  {
    ttl: optional(
      seconds({
        description: 'latency-based-routing: how long a sample counts, seconds.',
        default: 3600,
      }),
    ),
    lowest_latency_buffer: optional(
      number({
        description:
          'latency-based-routing: share above the best that still counts as best; 0.5: half as slow again.',
        default: 0,
      }),
    ),
    max_latency_list_size: optional(
      integer({
        description: 'latency-based-routing: samples the mean is made of.',
        minimum: 1,
        maximum: 1000,
        default: 10,
      }),
    ),
  },
  { description: 'What a strategy can be told.' },
)

const aliasesSchema = mapOf(
  either(
    [
      text({ description: '' }),
      ourBlock(
        {
          model: text({ description: 'Model the alias stands for.' }),
          hidden: optional(flag({ description: 'Not listed by /v1/models.', default: false })),
        },
        { description: '' },
      ),
      listOf(text({ description: '' }), { description: '' }),
    ],
    {
      description: '',
      expected: 'a model name, {model: name, hidden: true}, or a list of model names',
    },
  ),
  {
    description:
      'Further names of models: alias to name, to {model, hidden}, or to a list tried in order.',
  },
)

export const routerSchema = litellmBlock(
  'router_settings',
  {
    routing_strategy: optional(
      oneOf(strategyNames, {
        description: 'How a deployment is picked among those of equal priority.',
        default: 'peak-ewma',
      }),
    ),
    routing_strategy_args: optional(strategyArguments),
    num_retries: optional(
      integer({
        description: 'Further attempts within a model; litellm_settings.num_retries where absent.',
        maximum: 100,
        default: 2,
      }),
    ),
    retry_after: optional(
      secondsOrNone({
        description: 'Least wait before the same deployment is tried again, seconds.',
        default: 0,
      }),
    ),
    retry_policy: optional(retryPolicySchema),
    model_group_retry_policy: optional(
      mapOf(retryPolicySchema, { description: 'A retry policy for single models.' }),
    ),
    timeout: optional(
      seconds({
        description: 'Longest answer, seconds. litellm_settings.request_timeout goes before it.',
        default: defaultTimeoutSeconds,
      }),
    ),
    stream_timeout: optional(
      seconds({ description: 'Longest wait for the first chunk of a stream, seconds.' }),
    ),
    connect_timeout: optional(
      seconds({
        description: 'Longest wait for a connection, seconds.',
        default: defaultConnectTimeoutSeconds,
      }),
    ),
    chunk_timeout: optional(
      seconds({ description: 'Longest silence between two pieces of a stream, seconds.' }),
    ),
    total_timeout: optional(
      seconds({ description: 'Longest stream, first to last byte, seconds.' }),
    ),
    allowed_fails: optional(
      integer({ description: 'Failures a minute before a deployment rests.' }),
    ),
    allowed_fails_policy: optional(allowedFailsPolicySchema),
    cooldown_time: optional(secondsOrNone({ description: 'Rest after failures, seconds.' })),
    disable_cooldowns: optional(
      flag({ description: 'No deployment ever rests after failures.', default: false }),
    ),
    fallbacks: optional(fallbacksSchema('Models tried when all of one have failed; *: of any.')),
    default_fallbacks: optional(
      modelNamesSchema(
        'Models tried where fallbacks has none; the first also takes unknown names.',
      ),
    ),
    context_window_fallbacks: optional(
      fallbacksSchema('Models tried when a prompt is too long for one.'),
    ),
    content_policy_fallbacks: optional(fallbacksSchema('Models tried when one refuses a content.')),
    max_fallbacks: optional(
      integer({ description: 'Most models tried after the first.', maximum: 100, default: 5 }),
    ),
    enable_tag_filtering: optional(
      flag({ description: 'Requests go to deployments with their tags.', default: false }),
    ),
    tag_filtering_match_any: optional(
      flag({ description: 'One common tag is enough; else all are needed.', default: true }),
    ),
    enable_pre_call_checks: optional(
      flag({
        description: 'A prompt longer than model_info.max_input_tokens is not sent.',
        default: false,
      }),
    ),
    optional_pre_call_checks: optional(
      listOf(text({ description: '' }), {
        description: 'enforce_model_rate_limits: rpm, tpm, rpd and tpd are limits.',
        expected: 'a list of checks such as [enforce_model_rate_limits]',
      }),
    ),
    default_max_parallel_requests: optional(
      integer({
        description: 'Requests at once of a deployment that names no number.',
        expected: 'a whole number from 1',
        minimum: 1,
      }),
    ),
    queue: optional(queueSchema),
    model_group_alias: optional(aliasesSchema),
  },
  { description: 'How deployments are chosen and how failures are met.' },
)
