import { callerLimitsSchema, durationPattern } from './caller-limit-schema.ts'
import { deploySchema } from './deploy-schema.ts'
import { endpointNames } from './endpoints.ts'
import { fallbacksSchema, modelNamesSchema } from './fallback-schema.ts'
import { passTargetsSchema } from './pass-targets.ts'
import { routerSchema } from './router-schema.ts'
import { paramsSchema } from './params-schema.ts'
import { discountsSchema, marginsSchema, pricesSchema } from './prices-schema.ts'
import {
  anyMap,
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
import { urlFetchSchema } from './url-fetch.ts'

const endpointList = listOf(
  oneOf(endpointNames, { description: 'An endpoint, named after its path.' }),
  {
    description: 'Endpoints this module offers; all where absent.',
    expected: 'a list of endpoints',
  },
)

export const modelSchema = litellmBlock(
  'model_list[]',
  {
    model_name: text({
      description: 'Name callers ask for. Equal names form one model group; `*` is a wildcard.',
      pattern: String.raw`\S`,
      expected: 'the name callers ask for',
    }),
    litellm_params: paramsSchema,
    model_info: optional(
      anyMap({ description: 'Free-form facts about the model, given back unchanged.' }),
    ),
  },
  { description: 'One deployment of a model.' },
)

export const litellmSchema = litellmBlock(
  'litellm_settings',
  {
    drop_params: optional(
      flag({ description: 'Leave out parameters that a provider does not take.', default: false }),
    ),
    modify_params: optional(
      flag({
        description: 'Change what a provider is known to refuse: an empty text, missing tools.',
        default: false,
      }),
    ),
    fallbacks: optional(fallbacksSchema('Used where router_settings has none.')),
    default_fallbacks: optional(modelNamesSchema('Used where router_settings has none.')),
    context_window_fallbacks: optional(fallbacksSchema('Used where router_settings has none.')),
    content_policy_fallbacks: optional(fallbacksSchema('Used where router_settings has none.')),
    num_retries: optional(
      integer({ description: 'Used where router_settings has none.', maximum: 100 }),
    ),
    request_timeout: optional(
      seconds({ description: 'Longest answer, seconds; that of a deployment goes before it.' }),
    ),
    allowed_fails: optional(integer({ description: 'Used where router_settings has none.' })),
    cooldown_time: optional(secondsOrNone({ description: 'Used where router_settings has none.' })),
    require_auth_for_metrics_endpoint: optional(
      flag({ description: 'Whether /metrics asks for a key.', default: false }),
    ),
    max_budget: optional(
      number({
        description: 'What all callers of this module together may spend, US dollars.',
        expected: 'US dollars from 0 to 9000000',
        maximum: 9_000_000,
      }),
    ),
    budget_duration: optional(
      text({
        description: 'When the spend of max_budget begins anew.',
        expected: 'a duration such as 30s, 30m, 12h, 7d or 1mo',
        pattern: durationPattern,
      }),
    ),
    cost_discount_config: optional(discountsSchema),
    cost_margin_config: optional(marginsSchema),
    timezone: optional(
      text({
        description: 'Where days, weeks and months of limits and budgets begin.',
        default: 'UTC',
      }),
    ),
  },
  { description: 'Settings of requests.' },
)

const outages = ['lease', 'allow', 'deny'] as const

export const generalSchema = litellmBlock(
  'general_settings',
  {
    master_key: optional(
      text({
        description: 'Opens everything; the variable LITELLM_MASTER_KEY is the usual place.',
      }),
    ),
    database_url: optional(
      text({ description: 'Postgres; the variable DATABASE_URL is the usual place.' }),
    ),
    max_request_size_mb: optional(
      number({
        description: 'Largest JSON request, MiB.',
        expected: 'a number of MiB from 0.001 to 1024',
        minimum: 0.001,
        maximum: 1024,
        default: 32,
      }),
    ),
    max_file_size_mb: optional(
      number({
        description: 'Largest uploaded file, MiB.',
        expected: 'a number of MiB from 0.001 to 1000000',
        minimum: 0.001,
        maximum: 1_000_000,
        default: 512,
      }),
    ),
    litellm_key_header_name: optional(
      text({
        description: 'A further header that may carry the key.',
        expected: 'the name of a header',
        pattern: String.raw`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`,
      }),
    ),
    disable_spend_logs: optional(
      flag({ description: 'Keep no record of single requests.', default: false }),
    ),
    maximum_spend_logs_retention_period: optional(
      text({
        description: 'How long rows of single requests are kept; sums by day stay.',
        expected: 'a duration such as 12h, 7d or 1mo',
        pattern: durationPattern,
      }),
    ),
    on_database_outage: optional(
      oneOf(outages, {
        description:
          'Virtual keys while Postgres is away: as far as their leased slices go, beyond, or not at all.',
        default: 'lease',
      }),
    ),
    max_key_staleness: optional(
      number({
        description: 'How long a key is believed while Postgres is away, seconds.',
        expected: 'a number of seconds from 0 to 604800, which is a week',
        maximum: 604_800,
        default: 3600,
      }),
    ),
    unsettled_release_after: optional(
      seconds({
        description:
          'After so long what a killed process held counts as not used; absent: never within the window.',
      }),
    ),
    default_max_tokens: optional(
      integer({
        description:
          'The most an answer may have where the caller names no maximum and is limited in money or tokens.',
        expected: 'a whole number from 1',
        minimum: 1,
        default: 4096,
      }),
    ),
    limits: optional(callerLimitsSchema),
    store_model_in_db: optional(
      flag({
        description: 'Serve models and credentials that stand in the database too.',
        default: false,
      }),
    ),
    url_fetch: optional(urlFetchSchema),
    pass_through_endpoints: optional(passTargetsSchema),
    store_responses: optional(
      ourBlock(
        {
          ttl: number({
            description: 'How long, seconds.',
            expected: 'a number of seconds from 1 to 2592000, which is 30 days',
            minimum: 1,
            maximum: 30 * 24 * 3600,
          }),
        },
        {
          description:
            'Responses are kept in Postgres with what was asked, for their caller to go on from.',
        },
      ),
    ),
  },
  { description: 'Settings of the process.' },
)

export const credentialSchema = litellmBlock(
  'credential_list[]',
  {
    credential_name: text({ description: 'Name that litellm_credential_name refers to.' }),
    credential_values: anyMap({ description: 'litellm_params shared by those who name it.' }),
    credential_info: optional(anyMap({ description: 'Free-form.' })),
  },
  { description: 'Values several deployments share.' },
)

export const fleetMemberSchema = ourBlock(
  {
    module: text({ description: 'Name of the module.' }),
    port: integer({ description: 'Its port.', minimum: 1, maximum: 65535 }),
    endpoints: endpointList,
  },
  { description: 'A neighbour and what it serves.' },
)

/** A module file: a LiteLLM proxy config and five blocks of ours. */
export const moduleSchema = litellmBlock(
  '',
  {
    module: optional(text({ description: 'Name of the module; the file name gives it.' })),
    endpoints: optional(endpointList),
    fleet: optional(
      listOf(fleetMemberSchema, { description: 'The other modules; written by the generator.' }),
    ),
    deploy: optional(deploySchema),
    prices: optional(pricesSchema),
    model_list: optional(
      listOf(modelSchema, {
        description: 'Deployments, in any order.',
        expected: 'a list of models',
      }),
    ),
    router_settings: optional(routerSchema),
    litellm_settings: optional(litellmSchema),
    general_settings: optional(generalSchema),
    environment_variables: optional(
      mapOf(text({ description: '' }), {
        description: 'Variables set before anything else is read.',
      }),
    ),
    credential_list: optional(
      listOf(credentialSchema, { description: 'Values several deployments share.' }),
    ),
  },
  { description: 'A Colonnade module: a LiteLLM proxy config, and how it is placed.' },
)
