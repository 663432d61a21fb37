import { checkAws, signingKeysIn } from './aws-params.ts'
import type { FaultList } from './fault-list.ts'
import { keysNotActedOn, lossOf, modes } from './known-keys.ts'
import type { DeploymentParams, ModelEntry } from './module.ts'
import { nearestNames } from './nearest-name.ts'
import { optional, toMs } from './optional.ts'
import { isPriceKey } from './price-keys.ts'
import { readLimits } from './read-limits.ts'
import { readPrices } from './read-prices.ts'
import { requestParameters } from './request-parameters.ts'
import { paramsSchema } from './params-schema.ts'
import { readWorkflow } from './read-workflow.ts'
import { modelSchema } from './schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'
import { isObject } from './json-object.ts'
import type { Path } from './yaml-source.ts'

interface ModelReading {
  readonly reader: SchemaReader
  readonly faults: FaultList
  /** rpd and tpd are limits: `optional_pre_call_checks` asks for it. */
  readonly areRatesEnforced: boolean
  /** `credential_values` by name, as written. */
  readonly credentials: ReadonlyMap<string, Readonly<Record<string, unknown>>>
}

type Params = ValueOf<typeof paramsSchema>

/** The usable entries of `model_list`; a bad one is left out, and its faults say why. */
export function readModels(raw: unknown, reading: ModelReading): ModelEntry[] {
  if (raw === undefined || raw === null) {
    reading.faults.warning(
      ['model_list'],
      'expected a list of models, found none: nothing is served',
    )
    return []
  }
  if (!Array.isArray(raw)) {
    const found = isObject(raw) ? 'keys and values' : 'a single value'
    reading.faults.error(['model_list'], `expected a list of models, found ${found}`)
    return []
  }
  if (raw.length === 0) {
    reading.faults.warning(
      ['model_list'],
      'expected a list of models, found none: nothing is served',
    )
  }
  return raw.flatMap((entry: unknown, index) => readModel(entry, index, reading) ?? [])
}

function readModel(raw: unknown, index: number, reading: ModelReading): ModelEntry | undefined {
  const path = ['model_list', index]
  if (raw === null) {
    reading.faults.error(path, 'expected model_name and litellm_params, found nothing')
    return undefined
  }
  const withCredential = addCredential(raw, path, reading)
  const entry = reading.reader.read(modelSchema, withCredential, path)
  const written = isObject(withCredential) ? withCredential['litellm_params'] : undefined
  const paramsPath = [...path, 'litellm_params']
  const defaults = readDefaults(isObject(written) ? written : {}, paramsPath, reading)
  if (!entry) return undefined
  const params: DeploymentParams = {
    ...toParams(entry.litellm_params, defaults),
    ...readWorkflow(entry.litellm_params, paramsPath, reading.faults),
    ...readLimits(entry.litellm_params, written, paramsPath, reading),
    ...readPrices(entry.litellm_params, { written, info: entry.model_info ?? {} }, path, reading),
  }
  checkAddress(params.apiBase, written, paramsPath, reading)
  checkHeaders(params, paramsPath, reading)
  checkAws(entry.litellm_params, paramsPath, reading.faults)
  checkMode(entry.model_info, path, reading)
  if (reading.faults.isModelOut(index)) return undefined
  return {
    modelName: entry.model_name,
    path: `model_list[${index}]`,
    params,
    info: entry.model_info ?? {},
  }
}

/** Values of the credential an entry names stand under its own. */
function addCredential(raw: unknown, path: Path, reading: ModelReading): unknown {
  if (!isObject(raw) || !isObject(raw['litellm_params'])) return raw
  const own = raw['litellm_params']
  const name = own['litellm_credential_name']
  if (typeof name !== 'string') return raw
  const values = reading.credentials.get(name)
  if (!values) {
    const [near] = nearestNames(name, reading.credentials.keys(), 1)
    const hint = near === undefined ? '' : `, did you mean ${near}?`
    reading.faults.error(
      [...path, 'litellm_params', 'litellm_credential_name'],
      `expected a credential_name of credential_list, found ${JSON.stringify(name)}${hint}`,
    )
    return raw
  }
  return { ...raw, litellm_params: { ...values, ...own } }
}

/** Keys beyond the schema that go to the upstream where the caller names none. */
function readDefaults(
  written: Readonly<Record<string, unknown>>,
  path: Path,
  { reader, faults }: ModelReading,
): Record<string, unknown> {
  const own = Object.keys(paramsSchema.properties)
  const defaults: [string, unknown][] = []
  for (const [key, value] of Object.entries(written)) {
    if (value === null || own.includes(key) || isPriceKey(key)) continue
    if (lossOf('litellm_params', key) !== undefined) continue
    if (!requestParameters.includes(key)) warnOfUnknown(key, [...path, key], faults)
    defaults.push([key, reader.readFreely(value, [...path, key])])
  }
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined))
}

function warnOfUnknown(key: string, path: Path, faults: FaultList): void {
  if (faults.isFull) return
  const known = [...Object.keys(paramsSchema.properties), ...requestParameters]
  const [near] = nearestNames(key, [...known, ...keysNotActedOn('litellm_params')], 1)
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`
  faults.warning(path, `unknown key${hint}, sent to the upstream as a field of each request`, {
    part: 'key',
  })
}

function toParams(params: Params, defaults: Record<string, unknown>): DeploymentParams {
  const base = params.api_base ?? params.base_url ?? params.aws_bedrock_runtime_endpoint
  const dropped = Array.isArray(params.drop_params) ? params.drop_params : []
  return {
    model: params.model.trim(),
    ...(params.custom_llm_provider ? { customProvider: params.custom_llm_provider } : {}),
    ...(base ? { apiBase: withoutSlashes(base.trim()) } : {}),
    ...(params.api_key?.trim() ? { apiKey: params.api_key.trim() } : {}),
    ...(params.api_version ? { apiVersion: params.api_version } : {}),
    ...(params.organization ? { organization: params.organization } : {}),
    ...optional('project', params.vertex_project ?? params.vertex_ai_project),
    ...optional(
      'location',
      params.vertex_location ?? params.vertex_ai_location ?? params.aws_region_name,
    ),
    ...(params.model_id?.trim() ? { modelId: params.model_id.trim() } : {}),
    ...signingKeysIn(params),
    ...optional('credentials', credentialsText(params.vertex_credentials)),
    ...optional('timeoutMs', toMs(params.timeout)),
    ...optional('streamTimeoutMs', toMs(params.stream_timeout)),
    ...optional('connectTimeoutMs', toMs(params.connect_timeout)),
    ...optional('chunkTimeoutMs', toMs(params.chunk_timeout)),
    ...optional('totalTimeoutMs', toMs(params.total_timeout)),
    ...optional('order', params.order),
    ...optional('weight', params.weight),
    ...optional('rpm', params.rpm),
    ...optional('tpm', params.tpm),
    ...optional('tags', params.tags),
    ...optional('cooldownMs', toMs(params.cooldown_time)),
    ...optional('numRetries', params.num_retries ?? params.max_retries),
    ...optional(
      'dropParams',
      typeof params.drop_params === 'boolean' ? params.drop_params : undefined,
    ),
    ...optional('allowedParams', params.allowed_openai_params),
    ...optional('modifyParams', params.modify_params),
    additionalDropParams: [...dropped, ...(params.additional_drop_params ?? [])],
    extraHeaders: { ...params.headers, ...params.extra_headers },
    extraBody: params.extra_body ?? {},
    defaults,
  }
}

function credentialsText(written: Params['vertex_credentials']): string | undefined {
  if (typeof written === 'string') return written.trim() === '' ? undefined : written.trim()
  return written === undefined ? undefined : JSON.stringify(written)
}

function withoutSlashes(address: string): string {
  let end = address.length
  while (address[end - 1] === '/') end -= 1
  return address.slice(0, end)
}

function checkAddress(
  address: string | undefined,
  written: unknown,
  path: Path,
  { faults }: ModelReading,
): void {
  if (address === undefined || address.includes('${') || address.startsWith('os.environ/')) return
  if (URL.canParse(address) && /^https?:/i.test(address)) return
  const keys = ['api_base', 'base_url', 'aws_bedrock_runtime_endpoint']
  const key = keys.find((name) => isObject(written) && typeof written[name] === 'string')
  faults.error(
    [...path, key ?? 'api_base'],
    'expected a URL such as http://localhost:8000/v1, found another text',
  )
}

/** Whether a text can stand in a header: no line ends, nothing beyond Latin-1. */
function isHeaderText(value: string): boolean {
  return /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value)
}

function checkHeaders(params: DeploymentParams, path: Path, { faults }: ModelReading): void {
  if (params.apiKey !== undefined && !isHeaderText(params.apiKey)) {
    faults.error(
      [...path, 'api_key'],
      'expected a key on one line, found characters no header takes',
    )
  }
  for (const [name, value] of Object.entries(params.extraHeaders)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      faults.error([...path, 'extra_headers', name], 'expected the name of a header', {
        part: 'key',
      })
    }
    if (!isHeaderText(value)) {
      faults.error(
        [...path, 'extra_headers', name],
        'expected one line of text, found characters no header takes',
      )
    }
  }
}

function checkMode(
  info: Readonly<Record<string, unknown>> | undefined,
  path: Path,
  { faults }: ModelReading,
): void {
  const mode = info?.['mode']
  if (mode === undefined || mode === null) return
  if (typeof mode === 'string' && (modes.includes(mode) || mode.includes('${'))) return
  const [near] = typeof mode === 'string' ? nearestNames(mode, modes, 1) : []
  const hint = near === undefined ? '' : `, did you mean ${near}?`
  faults.warning(
    [...path, 'model_info', 'mode'],
    `expected a mode of LiteLLM's such as chat or embedding, found another value${hint}`,
  )
}
