import type { EndpointName } from '../../modules/endpoints.ts'
import type { DeploymentParams } from '../../modules/module.ts'
import type { Conversed } from './conversation.ts'
import type { Credentials } from './credentials.ts'
import type { Framer } from './framer.ts'
import type { VendorRules } from './request-rules.ts'
import type { Signing } from './signing.ts'

/** Parameters that only some vendors have. */
export type VendorParam = 'project' | 'location' | 'credentials'

/** A dialect: how to speak to one kind of upstream. Pure: no socket, no clock, no log. */
export interface Provider {
  /** The prefix before the slash in `litellm_params.model`. */
  readonly name: string
  /** Used where no `api_base` is given; absent: `api_base` is needed. Without a trailing slash. */
  readonly defaultBase?: string
  /** Environment variables that may hold the key, in order, where no `api_key` is given. */
  readonly keyVariables: readonly string[]
  /** Whether the server at `defaultBase` wants a key; one at an `api_base` may go without. */
  readonly isKeyNeeded: boolean
  /** Environment variables that may hold the base URL, in order, where no `api_base` is given. */
  readonly baseVariables?: readonly string[]
  /** Environment variables that may hold the version of its API, in order, where no `api_version` is given. */
  readonly versionVariables?: readonly string[]
  /** Environment variables for parameters of its own, in order, where the deployment names none. */
  readonly paramVariables?: Readonly<Partial<Record<VendorParam, readonly string[]>>>
  /** Its address by a deployment's parameters, where neither `api_base` nor a variable says it. */
  readonly baseOf?: (params: DeploymentParams) => string
  /** Who asks for a token in place of a key, or what is wrong with how it is written. */
  readonly readCredentials?: (text: string) => Credentials | { readonly fault: string }
  /** How calls are signed where a pair of keys takes the place of one; absent: they are not. */
  readonly signing?: Signing
  /** How it wants its key, flat name and value; absent: `authorization: Bearer`. */
  readonly keyHeader?: (apiKey: string) => readonly [string, string]
  /** Sent with every call, unless the deployment's `extra_headers` say otherwise; lower case. */
  readonly headers?: Readonly<Record<string, string>>
  /** What people write at the end of a base URL though the paths here begin with it: left off. */
  readonly baseEnding?: RegExp
  /** A model's bare name, where LiteLLM's users write more before it: `converse/…`, `us-east-1/…`. */
  readonly bareName?: (model: string) => string
  /** What a model as it is written tells of its deployment, whose own parameters go before. */
  readonly paramsOf?: (written: DeploymentParams) => Partial<DeploymentParams>
  /** A model's name at the provider's own service, where LiteLLM has another for it. */
  readonly modelName?: (model: string) => string
  readonly endpoints: Partial<Record<EndpointName, Translation>>
  /** What is wrong with a workflow that a deployment brings; absent: it is asked without one. */
  readonly checkWorkflow?: (workflow: Readonly<Record<string, unknown>>) => string | undefined
  /** What of a request's `metadata` is its own and goes along; the rest is the gateway's. Absent: nothing. */
  readonly metadataFields?: readonly string[]
  /** Whether a model takes chats with marks of what is to be cached, in Anthropic's form; absent: none does. */
  readonly takesCacheMarks?: (target: Target) => boolean
  /** What requests of its own dialect it is known to refuse, by model; absent: nothing. */
  readonly rules?: readonly VendorRules[]
  /** A free question that shows the server lives and which models it has. */
  readonly modelList: ModelListCall
  /** The parameter of a query in which its own clients may carry the key. */
  readonly queryKey?: string
  /** How its own answers and events tell what they have used, where not as OpenAI's or Anthropic's do. */
  readonly usageReader?: () => Promise<UsageReader>
}

/** OpenAI's `usage` of what the provider has said in its own words; undefined where that tells none. */
export type UsageReader = (said: unknown) => Readonly<Record<string, unknown>> | undefined

export interface ModelListCall {
  /** Appended to the base URL. */
  readonly path: string
  /** Names in the answer's JSON; empty where it has none. */
  namesIn(answer: unknown): readonly string[]
}

export type Translation = PassThrough | Translated | Conversed | LazyTranslation

/** A translation that is not read yet: most gateways speak a dialect or two, and need not carry the others. */
export interface LazyTranslation {
  readonly kind: 'lazy'
  load(): Promise<Translated | Conversed>
}

/** The upstream speaks the caller's dialect: bytes go through, edited in place. */
export interface PassThrough {
  readonly kind: 'pass-through'
  /**
   * Where it is relied on, among servers that speak the dialect: at the vendor's own address, or only where
   * `model_info.mode` names it. Default: everywhere.
   */
  readonly isSureAt?: 'vendor' | 'nowhere'
  /** Appended to the base URL. Its own for each target where the model stands in it. */
  readonly path: string | ((target: Target) => string)
  /** Headers of the caller's request that belong to the dialect and go along; lower case. */
  readonly callerHeaders?: readonly string[]
}

/** The upstream speaks a dialect of its own. Requests and answers are translated as JSON. */
export interface Translated {
  readonly kind: 'translated'
  /** It must tell how long an answer may be: all that the model can give where nobody says less. */
  readonly needsMaximum?: boolean
  /** Throws GatewayError `unsupported_parameter` or `invalid_request` for what the dialect cannot say. */
  toUpstream(request: ModelRequest, target: Target): UpstreamCall
  /**
   * Which files of a chat, given by `http(s)` addresses, it takes inside the request alone: they are fetched before
   * `toUpstream`, which then sees `data:` URLs. Absent: it reads addresses itself.
   */
  readonly wantsInline?: (file: LinkedFile, target: Target) => boolean
  /** OpenAI's JSON body from the upstream's. Throws GatewayError `upstream_nonsense`. */
  toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown>
  readonly stream?: StreamTranslation
  /** A text in place of the JSON that `toAnswer` has made, where the request asks for one. */
  readonly toText?: (answer: JsonAnswer, request: ModelRequest) => TextAnswer | undefined
  /**
   * Where the upstream answers with bytes, which go on as they come: their content type, `told` being what it says
   * itself. Throws GatewayError `upstream_nonsense`. Absent: it answers with JSON.
   */
  readonly bytesType?: (request: ModelRequest, told: string | undefined) => string
  /** Its calls send uploaded files on as they are: they are not read into memory for it. */
  readonly sendsFiles?: boolean
}

type JsonAnswer = Readonly<Record<string, unknown>>

export interface TextAnswer {
  readonly contentType: string
  readonly text: string
}

/** A file that a caller gives by its address. */
export interface LinkedFile {
  readonly kind: LinkedKind
  readonly url: string
}

export type LinkedKind = 'picture' | 'document' | 'sound' | 'film'

export interface StreamTranslation {
  /** Or what reads frames of its own, made anew for each stream. */
  readonly framing: 'ndjson' | 'sse' | (() => Framer)
  /** A translator with the state of one stream. */
  create(request: ModelRequest): StreamTranslator
}

export interface StreamTranslator {
  /** `[DONE]` has come. */
  onDone?(): void
  /** The upstream has closed; nothing more comes. */
  onClose?(): void
  /** OpenAI chunks for one upstream event; none where it says nothing. Throws GatewayError. */
  onEvent(event: unknown): readonly Record<string, unknown>[]
  /** Whether the upstream has said that it is done; an end before that is a cut. */
  readonly isDone: boolean
  /** OpenAI's `usage`, once the upstream has told it, whether or not the caller asked for it. */
  readonly usage?: Readonly<Record<string, unknown>> | undefined
}

/** One request, in OpenAI's words. */
export interface ModelRequest {
  readonly endpoint: EndpointName
  /** The model name the caller asked for; answers carry it. */
  readonly model: string
  readonly isStream: boolean
  /** The parsed JSON body, or the text fields of a form; defaults and `extra_body` of the deployment already in it. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Uploaded files, in memory unless the translation sends them as they are; empty for JSON requests. */
  readonly files: readonly UploadedFile[]
  /** Id for an answer whose upstream gives none: `chatcmpl-…`. */
  readonly answerId: string
  /** Unix time for `created`, seconds. */
  readonly createdSeconds: number
}

export interface UploadedFile {
  readonly field: string
  readonly fileName: string
  readonly contentType: string
  readonly bytes: Uint8Array
}

/** Where a deployment is called. */
export interface Target {
  /** The upstream's own model name, prefix removed. */
  readonly model: string
  readonly params: DeploymentParams
  /** `model_info`. */
  readonly info?: Readonly<Record<string, unknown>>
  /** Whether it is the provider's own service, not a server elsewhere that speaks its dialect. */
  readonly isVendor?: boolean
}

export interface UpstreamCall {
  readonly method: 'POST' | 'GET'
  /** Appended to the base URL. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** JSON body, unless something else is sent. */
  readonly body?: unknown
  readonly sent?: SentBody
}

/** A body that is not JSON. Files go by the name of the field they were uploaded in. */
export type SentBody =
  | { readonly kind: 'file'; readonly file: string; readonly contentType: string }
  | { readonly kind: 'form'; readonly parts: readonly SentPart[] }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string }

/** A list as a value is sent as several parts, `name[]` each. */
export type SentPart =
  | { readonly name: string; readonly value: unknown }
  | { readonly name: string; readonly file: string }
  | BytesPart

/** A file that the dialect names itself, whatever its caller called it. */
interface BytesPart {
  readonly name: string
  readonly fileName: string
  readonly contentType: string
  readonly bytes: Uint8Array
}
