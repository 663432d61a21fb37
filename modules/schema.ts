import { deploySchema } from './deploy-schema.ts'
import { endpointNames } from './endpoints.ts'
import { queueSchema, quotasSchema } from './limit-schema.ts'
import { fallbacksSchema, modelNamesSchema } from './fallback-schema.ts'
import { routerSchema } from './router-schema.ts'
import {
  anyMap,
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

const address = {
  expected: 'a URL such as http://localhost:8000/v1',
  pattern: String.raw`^(https?://[^\s]+|.*\$\{.*|os\.environ/.*)$`,
}

const step = String.raw`[^.[\]]+(\[(\*|\d+)\])*`
/** `user`, `metadata.internal`, `tools[*].input_examples`. */
const dropPath = String.raw`^(${step}(\.${step})*|.*\$\{.*|os\.environ/.*)$`

const endpointList = listOf(
  oneOf(endpointNames, { description: 'An endpoint, named after its path.' }),
  {
    description: 'Endpoints this module offers; all where absent.',
    expected: 'a list of endpoints',
  },
)

export const paramsSchema = litellmBlock(
  'litellm_params',
  {
    model: text({
      description:
        'Provider and upstream model: ollama_chat/qwen3:8b. Without a prefix the provider is inferred.',
      expected: 'provider/model, such as openai/gpt-4.1',
      pattern: String.raw`\S`,
    }),
    custom_llm_provider: optional(text({ description: 'Provider, in place of the prefix.' })),
    api_base: optional(text({ description: 'Address of the upstream.', ...address })),
    base_url: optional(text({ description: 'The same as api_base.', ...address })),
    api_key: optional(
      text({ description: 'Provider key; name a variable: os.environ/OPENAI_API_KEY.' }),
    ),
    api_version: optional(text({ description: 'Version of the upstream API.' })),
    organization: optional(text({ description: 'Organization sent to OpenAI.' })),
    timeout: optional(seconds({ description: 'Longest answer of this deployment, seconds.' })),
    stream_timeout: optional(
      seconds({ description: 'Longest wait for the first chunk of a stream, seconds.' }),
    ),
    connect_timeout: optional(seconds({ description: 'Longest wait for a connection, seconds.' })),
    chunk_timeout: optional(
      seconds({ description: 'Longest silence between two pieces of a stream, seconds.' }),
    ),
    total_timeout: optional(
      seconds({ description: 'Longest stream, first to last byte, seconds.' }),
    ),
    order: optional(
      integer({ description: 'Priority: lower first.', minimum: -1_000_000, maximum: 1_000_000 }),
    ),
    weight: optional(number({ description: 'Share of the requests within its model.' })),
    rpm: optional(
      integer({
        description: 'Requests a minute it can take.',
        expected: 'a whole number of requests a minute',
      }),
    ),
    tpm: optional(
      integer({
        description: 'Tokens a minute it can take.',
        expected: 'a whole number of tokens a minute',
      }),
    ),
    rpd: optional(
      integer({
        description: 'Requests a day it grants; a limit where rates are enforced.',
        expected: 'a whole number of requests a day',
      }),
    ),
    tpd: optional(
      integer({
        description: 'Tokens a day it grants; a limit where rates are enforced.',
        expected: 'a whole number of tokens a day',
      }),
    ),
    daily_reset_time: optional(
      text({
        description: 'When the day of rpd and tpd begins, UTC.',
        expected: 'a time of day such as 00:00',
        default: '00:00',
      }),
    ),
    quota: optional(quotasSchema),
    max_parallel_requests: optional(
      integer({
        description: 'Requests at once, for the whole module.',
        expected: 'a whole number from 1',
        minimum: 1,
      }),
    ),
    queue: optional(queueSchema),
    tags: optional(
      listOf(text({ description: 'A tag.' }), {
        description: 'Tags of requests this deployment is for; default: those without a tag.',
        expected: 'a list of tags',
      }),
    ),
    input_cost_per_token: optional(
      number({
        description: 'USD an input token; model_info.input_cost_per_token where absent.',
        expected: 'a number of USD',
      }),
    ),
    output_cost_per_token: optional(
      number({
        description: 'USD an output token; model_info.output_cost_per_token where absent.',
        expected: 'a number of USD',
      }),
    ),
    cooldown_time: optional(secondsOrNone({ description: 'Rest after failures, seconds.' })),
    num_retries: optional(
      integer({ description: 'Further attempts within the model.', maximum: 100 }),
    ),
    max_retries: optional(integer({ description: 'The same as num_retries.', maximum: 100 })),
    drop_params: optional(
      either([flag({ description: '' }), listOf(text({ description: '' }), { description: '' })], {
        description: 'Leave out parameters that the provider does not take, or those listed.',
        expected: 'true, false or a list of parameter names',
      }),
    ),
    additional_drop_params: optional(
      listOf(
        text({
          description: 'Name of a parameter, or a path into one.',
          expected: 'a parameter such as user, or a path such as tools[*].input_examples',
          pattern: dropPath,
        }),
        {
          description: 'Parameters never sent to this deployment; tools[*].name goes inside one.',
          expected: 'a list of parameter names',
        },
      ),
    ),
    allowed_openai_params: optional(
      listOf(text({ description: '' }), {
        description: 'Parameters that drop_params leaves in.',
        expected: 'a list of parameter names',
      }),
    ),
    modify_params: optional(
      flag({
        description: 'Change what the provider is known to refuse; the module decides else.',
      }),
    ),
    extra_headers: optional(
      mapOf(text({ description: '' }), { description: 'Headers added to each call.' }),
    ),
    headers: optional(
      mapOf(text({ description: '' }), { description: 'The same as extra_headers.' }),
    ),
    extra_body: optional(anyMap({ description: 'Merged into the JSON body of each call.' })),
    litellm_credential_name: optional(
      text({ description: 'Entry of credential_list whose values are used; values here win.' }),
    ),
  },
  { description: 'Where and how this deployment is called. Further keys are request defaults.' },
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
  },
  { description: 'Settings of requests.' },
)

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

/** A module file: a LiteLLM proxy config and four blocks of ours. */
export const moduleSchema = litellmBlock(
  '',
  {
    module: optional(text({ description: 'Name of the module; the file name gives it.' })),
    endpoints: optional(endpointList),
    fleet: optional(
      listOf(fleetMemberSchema, { description: 'The other modules; written by the generator.' }),
    ),
    deploy: optional(deploySchema),
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
