import { queueSchema, quotasSchema } from './limit-schema.ts'
import { unpricedWords } from './prices-schema.ts'
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
    vertex_project: optional(text({ description: "Project of Vertex AI's models." })),
    vertex_location: optional(
      text({
        description: "Region of Vertex AI's models: us-central1, global.",
        expected: 'a region such as us-central1',
        pattern: String.raw`^([a-z0-9-]{1,40}|.*\$\{.*|os\.environ/.*)$`,
      }),
    ),
    vertex_credentials: optional(
      either([text({ description: '' }), anyMap({ description: '' })], {
        description: 'Service account of Vertex AI: its JSON, or the path of the file.',
        expected: 'the JSON of a service account, or the path of that file',
      }),
    ),
    vertex_ai_project: optional(text({ description: 'The same as vertex_project.' })),
    vertex_ai_location: optional(text({ description: 'The same as vertex_location.' })),
    aws_access_key_id: optional(
      text({ description: 'Key that signs calls to AWS: os.environ/AWS_ACCESS_KEY_ID.' }),
    ),
    aws_secret_access_key: optional(
      text({ description: 'Its secret: os.environ/AWS_SECRET_ACCESS_KEY.' }),
    ),
    aws_session_token: optional(
      text({ description: 'Its token, where it is lent: os.environ/AWS_SESSION_TOKEN.' }),
    ),
    aws_region_name: optional(
      text({
        description: "Region of AWS Bedrock's models: us-east-1.",
        expected: 'a region such as us-east-1',
        pattern: String.raw`^([a-z0-9-]{1,40}|.*\$\{.*|os\.environ/.*)$`,
      }),
    ),
    aws_bedrock_runtime_endpoint: optional(
      text({ description: 'The same as api_base, for AWS Bedrock.', ...address }),
    ),
    model_id: optional(
      text({ description: 'ARN that is called at AWS Bedrock in place of the model.' }),
    ),
    aws_profile_name: optional(text({ description: 'Not possible here.' })),
    aws_role_name: optional(text({ description: 'Not possible here.' })),
    aws_web_identity_token: optional(text({ description: 'Not possible here.' })),
    workflow: optional(
      either([text({ description: '' }), anyMap({ description: '' })], {
        description: 'Workflow of ComfyUI, in its API format.',
        expected: "a workflow in ComfyUI's API format, as keys and values or as JSON",
      }),
    ),
    workflow_file: optional(
      text({ description: 'Path of such a workflow, a JSON file, where the gateway runs.' }),
    ),
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
    base_model: optional(
      text({ description: 'Model whose prices it has; model_info.base_model where absent.' }),
    ),
    watts: optional(
      number({
        description: 'What the machine draws while it answers: the price is that of the energy.',
        expected: 'a number of watts',
      }),
    ),
    price_per_kwh: optional(
      number({
        description: 'USD a kilowatt-hour; that of the module where absent.',
        expected: 'a number of USD',
      }),
    ),
    unpriced: optional(
      oneOf(unpricedWords, {
        description: 'What is done where nobody knows the price; the module decides else.',
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
