import type { BackendKind } from './backend-schema.ts'
import type { CallerLimits } from './caller-limit-schema.ts'
import type { EndpointName } from './endpoints.ts'
import type { Placement } from './placement-schema.ts'
import type { StrategyName } from './strategy-names.ts'

/** One module file, read, checked and with every default in place. Times are milliseconds. */
export interface Module {
  readonly name: string
  /** Endpoints it offers; others are a 404 that names the module that has them. */
  readonly endpoints: readonly EndpointName[]
  readonly models: readonly ModelEntry[]
  readonly router: RouterSettings
  readonly litellm: LitellmSettings
  readonly general: GeneralSettings
  readonly prices: PriceSettings
  /** The other modules of this fleet; empty where the file stands alone. */
  readonly fleet: readonly FleetMember[]
  /** `environment_variables` of the file: they stand before those of the process. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A neighbour: who serves which endpoint on which port. */
export interface FleetMember {
  readonly module: string
  readonly port: number
  readonly endpoints: readonly EndpointName[]
}

/** One entry of `model_list`. */
export interface ModelEntry {
  readonly modelName: string
  /** Where it stands in the file, for messages: `model_list[3]`. */
  readonly path: string
  /** Dialect prefix, model, address and key, as written and filled. */
  readonly params: DeploymentParams
  /** `model_info`: free-form, given back unchanged. */
  readonly info: Readonly<Record<string, unknown>>
}

/** `litellm_params`: the keys the gateway acts on, and the request defaults among the rest. */
export interface DeploymentParams {
  /** `provider/model`, or a bare model name. */
  readonly model: string
  readonly customProvider?: string
  readonly apiBase?: string
  readonly apiKey?: string
  readonly apiVersion?: string
  readonly organization?: string
  /** Whose account is called, and in which region, where a vendor has such: Vertex AI. */
  readonly project?: string
  readonly location?: string
  /** Where a token takes the place of a key: the JSON of who asks for it, or the path of that file. */
  readonly credentials?: string
  /** What is called in place of the model, which still says what it is: an inference profile of AWS. */
  readonly modelId?: string
  /** Where calls are signed in place of showing a key: AWS. */
  readonly signingKeys?: Partial<SigningKeys>
  /** What is drawn by, where a server draws by workflows, or the path of its JSON. */
  readonly workflow?: Readonly<Record<string, unknown>>
  readonly workflowFile?: string
  readonly timeoutMs?: number
  readonly streamTimeoutMs?: number
  readonly connectTimeoutMs?: number
  /** Longest silence between two pieces of a stream. */
  readonly chunkTimeoutMs?: number
  /** Longest stream, first to last byte. */
  readonly totalTimeoutMs?: number
  /** Priority class; lower first. */
  readonly order?: number
  readonly weight?: number
  readonly rpm?: number
  readonly tpm?: number
  readonly tags?: readonly string[]
  /** What the upstream grants for a period. */
  readonly quotas?: readonly Quota[]
  /** Requests at once, for the whole module. */
  readonly maxParallelRequests?: number
  /** Absent: a caller that finds no free place is refused. */
  readonly queue?: QueueSettings
  /** LiteLLM's prices by its names, USD a unit; from here or `model_info`. */
  readonly prices?: Readonly<Record<string, unknown>>
  /** The model whose prices it has. */
  readonly baseModel?: string
  /** What the machine draws while it answers. */
  readonly watts?: number
  readonly pricePerKwh?: number
  readonly unpriced?: Unpriced
  /** USD a token; from here or `model_info`. */
  readonly inputCostPerToken?: number
  readonly outputCostPerToken?: number
  readonly cooldownMs?: number
  readonly numRetries?: number
  readonly dropParams?: boolean
  /** Parameters that `dropParams` leaves in. */
  readonly allowedParams?: readonly string[]
  readonly modifyParams?: boolean
  /** Names of parameters, and paths into them: `tools[*].input_examples`. */
  readonly additionalDropParams: readonly string[]
  readonly extraHeaders: Readonly<Record<string, string>>
  /** Merged into the upstream JSON body. */
  readonly extraBody: Readonly<Record<string, unknown>>
  /** Request fields used where the caller names none: temperature, max_tokens, num_ctx, keep_alive … */
  readonly defaults: Readonly<Record<string, unknown>>
}

/** A pair of keys that signs calls; with a token where it is lent for a while. */
export interface SigningKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What an upstream grants for a period, a free tier for instance. */
export interface Quota {
  readonly unit: 'requests' | 'tokens'
  readonly amount: number
  readonly per: 'minute' | 'hour' | 'day' | 'week' | 'month'
  /** `rolling`: any stretch of that length. Else where each period begins. */
  readonly resets: 'rolling' | { readonly minuteOfDay: number; readonly timeZone: string }
}

/** How callers wait for a place. */
export interface QueueSettings {
  readonly maxWaitMs: number
  readonly maxLength: number
}

/** LiteLLM's classes of failure, as its policies name them. */
export type FailureClass =
  | 'BadRequestError'
  | 'AuthenticationError'
  | 'TimeoutError'
  | 'RateLimitError'
  | 'ContentPolicyViolationError'
  | 'InternalServerError'
  | 'ServiceUnavailableError'
  | 'NotFoundError'
  | 'Default'

/** A number for each class of failure: retries, or failures allowed. */
export type FailurePolicy = Readonly<Partial<Record<FailureClass, number>>>

/** Model → models tried in its place; `*`: for all that have none of their own. Inherits nothing. */
export type Fallbacks = Readonly<Record<string, readonly string[]>>

export interface RouterSettings {
  /** Absent: `peak-ewma`. */
  readonly strategy?: StrategyName
  /** Latency-based routing: share above the best that still counts as best. */
  readonly latencyBuffer: number
  /** Latency-based routing: samples the mean is made of, and how long one counts. */
  readonly latencySamples: number
  readonly latencyTtlMs: number
  readonly numRetries: number
  /** Least wait before a retry of the same deployment. */
  readonly retryAfterMs: number
  readonly retryPolicy: FailurePolicy
  readonly groupRetryPolicies: Readonly<Record<string, FailurePolicy>>
  readonly timeoutMs: number
  readonly streamTimeoutMs?: number
  readonly connectTimeoutMs: number
  readonly chunkTimeoutMs?: number
  readonly totalTimeoutMs?: number
  readonly allowedFails?: number
  readonly allowedFailsPolicy: FailurePolicy
  readonly cooldownMs?: number
  readonly areCooldownsDisabled: boolean
  readonly fallbacks: Fallbacks
  readonly contextWindowFallbacks: Fallbacks
  readonly contentPolicyFallbacks: Fallbacks
  readonly maxFallbacks: number
  readonly isTagFiltering: boolean
  /** Else a deployment needs all tags of the request. */
  readonly isTagMatchAny: boolean
  /** Prompts too long for a deployment are not sent there. */
  readonly arePreCallChecksOn: boolean
  /** rpm, tpm, rpd and tpd are limits under every strategy. */
  readonly areRatesEnforced: boolean
  readonly defaultMaxParallelRequests?: number
  readonly queue?: QueueSettings
  /** Alias → models, tried in order; hidden ones are not listed by `/v1/models`. */
  readonly aliases: Readonly<
    Record<string, { readonly models: readonly string[]; readonly isHidden: boolean }>
  >
}

export interface LitellmSettings {
  readonly dropParams: boolean
  /** Small changes to a request that its provider would refuse as it is. */
  readonly modifyParams: boolean
  /** Seconds-long upper bound of one exchange, in milliseconds. */
  readonly requestTimeoutMs?: number
  readonly isMetricsKeyRequired: boolean
}

export interface GeneralSettings {
  /** Keys written in the file (dummies and `os.environ/`), beside LITELLM_MASTER_KEY. */
  readonly masterKey?: string
  readonly databaseUrl?: string
  /** Largest JSON request body, bytes. */
  readonly maxRequestBytes: number
  /** Largest uploaded file, bytes. */
  readonly maxUploadBytes: number
  readonly keyHeaderName?: string
  readonly areSpendLogsDisabled: boolean
  /** How long rows of single exchanges are kept; absent: for good. What is summed up by day stays. */
  readonly spendLogRetentionMs?: number
  /** Virtual keys while Postgres is away: until their slices end, beyond them, or not at all. */
  readonly onDatabaseOutage: 'lease' | 'allow' | 'deny'
  /** How long a key is believed that nobody could ask about. */
  readonly maxKeyStalenessMs: number
  /** After so long what a killed process held counts as not used; absent: never within the window. */
  readonly unsettledReleaseAfterMs?: number
  /** The most an answer may have where the caller says nothing and is limited in money or tokens. */
  readonly defaultMaxTokens: number
  /** IANA name: where days, weeks and months of limits and budgets begin. */
  readonly timeZone: string
  /** What all callers together may use of this module, by LiteLLM's names; the master key's too. */
  readonly limits: CallerLimits
  /** Models and credentials that stand in the database are served too. */
  readonly areModelsStored: boolean
  /** How long responses are kept for their callers; absent: never. */
  readonly storeResponsesMs?: number
  /** How files are fetched that a request names by their addresses. */
  readonly urlFetch: UrlFetchSettings
  /** Paths of the operator's own that lead to other servers. */
  readonly passTargets?: readonly PassTarget[]
}

/** A path that leads to a server which is none of the models. */
export interface PassTarget {
  readonly path: string
  readonly target: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** What stands behind the path goes along. */
  readonly isWithSubpath: boolean
  /** US dollars. */
  readonly costPerRequest?: number
  readonly timeoutMs?: number
}

/** How files are fetched that a request names by their addresses. */
export interface UrlFetchSettings {
  readonly isEnabled: boolean
  /** Addresses, ranges and hosts that may be asked although they are not public. */
  readonly allowPrivate: readonly string[]
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** What is done about a model that nobody knows the price of: said in the log, left out, or given away. */
export type Unpriced = 'warn' | 'refuse' | 'free'

export interface PriceSettings {
  /** What runs in one's own network is free whatever this says. */
  readonly unpriced: Unpriced
  readonly pricePerKwh?: number
  /** `litellm_settings.cost_discount_config`: a part of 1 that is taken off, by provider. */
  readonly discounts?: Readonly<Record<string, number>>
  /** `litellm_settings.cost_margin_config`: what is put on, by provider or `global`. */
  readonly margins?: Readonly<Record<string, Margin>>
}

/** A part of 1, or that and US dollars a request. */
export type Margin =
  | number
  | { readonly percentage?: number | undefined; readonly fixed_amount?: number | undefined }

/** `deploy`: how infra places a module in a cluster; the platform's placement where it has none. The gateway never sees it. */
export interface DeploySettings extends Partial<Placement> {
  /** Absent: infra picks it. */
  readonly nodePort?: number
  /** `null`: scaled from outside, no replicas in the manifest. */
  readonly replicas: number | null
  readonly autoscaling?: Autoscaling
  readonly resources: Resources
  /** Model servers that run beside the module. */
  readonly backends?: readonly Backend[]
  /** A Secret of the operator's, in place of `<module>-keys`. */
  readonly secret?: string
  /** Variables beyond those the file names that go into the Secret. */
  readonly secrets: readonly string[]
}

/** A Gateway of Gateway API, or one of its listeners. */
export interface GatewayParent {
  readonly name: string
  readonly namespace?: string
  readonly section?: string
}

/** A model server in the cluster: its Service is `<module>-<name>`. */
export interface Backend extends Partial<Placement> {
  readonly name: string
  readonly kind: BackendKind
  readonly image: string
  readonly replicas: number
  /** An InferencePool before its pods. */
  readonly pool?: { readonly image: string; readonly parents: readonly GatewayParent[] }
  readonly models: readonly string[]
  readonly args: readonly string[]
  readonly storage: string
  readonly storageClass?: string
  readonly resources: Resources
}

/** Pods that something else than the manifest counts. At least one target is there. */
export interface Autoscaling {
  /** 0 only with `targetInFlight`. */
  readonly min: number
  readonly max: number
  readonly targetCpuPercent?: number
  /** Requests under way in one pod. */
  readonly targetInFlight?: number
}

export interface Resources {
  readonly requests: Readonly<Record<string, string>>
  readonly limits: Readonly<Record<string, string>>
}

/** A variable a module file names: `${NAME}`, `${NAME:-default}`, `os.environ/NAME`. */
export interface VariableUse {
  readonly name: string
  readonly path: string
  readonly hasDefault: boolean
}

/** One thing wrong with a file, and where. Lines and columns count from 1. */
export interface Fault {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `model_list[0].litellm_params.timeout`; empty for the document itself. */
  readonly path: string
  /** `expected …, found …`, with the nearest known name where a key is mistyped. */
  readonly message: string
  readonly severity: 'error' | 'warning'
  /** Index in `model_list` of the one entry this fault takes out; absent: the whole file is unusable. */
  readonly modelIndex?: number
}
