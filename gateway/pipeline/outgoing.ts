import type { Readable } from 'node:stream'

import type { EndpointName } from '../../modules/endpoints.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Conversed } from '../providers/conversation.ts'
import type {
  LazyTranslation,
  ModelRequest,
  PassThrough,
  Translated,
  Translation,
} from '../providers/provider.ts'
import { unsupported } from '../providers/dialect-limits.ts'
import { servedBy } from '../providers/served.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import type { ConversationRun } from './conversation-run.ts'
import type { Exchange } from './exchange.ts'
import { faceOf, toChatRequest, type Face } from './faces.ts'
import type { JsonRequest } from './json-request.ts'
import { hearFile } from './note-price.ts'
import type { Opening } from './open-reader.ts'
import { encodeBody, namesOfFiles } from './sent-body.ts'
import { jsonHeaders, upstreamBytes, upstreamFields } from './upstream-body.ts'
import { missingMaximum } from './worst-case.ts'

/** A request in the upstream's dialect, ready to be sent. */
export interface Outgoing {
  readonly call: {
    readonly method: 'GET' | 'POST'
    readonly path: string
    readonly headers: string[]
    readonly body: Buffer | Readable | null
  }
  readonly translation: PassThrough | Translated | Conversed
  /** Present where one call is not enough: `call` tells what all of them carry. */
  readonly runConversation?: (opening: Opening) => ConversationRun
  /** Present where the answer must be translated back. */
  readonly modelRequest: ModelRequest | undefined
  /** Present where the caller speaks other words than the model's chat. */
  readonly face?: Face
  /** We asked for the usage of a stream and the caller did not. */
  readonly isUsageHidden: boolean
  /** Whether the body could be sent once more. */
  isReplayable(): boolean
}

/** Puts the request into the deployment's dialect; at once, unless files must be read first. */
export function createOutgoing(
  deployment: Deployment,
  upstreamModel: string,
  asked: Asked,
  around: Surroundings,
): Outgoing | Promise<Outgoing> {
  const { endpoint } = around.exchange
  const served = servedBy(deployment.provider, endpoint.name, deployment.target)
  if (!served) {
    throw new GatewayError(
      'endpoint_not_offered',
      `The model ${around.exchange.model} does not take ${endpoint.name}.`,
    )
  }
  const { translation, isOverChat } = served
  if (isOverChat) return speakChat(translation, { deployment, upstreamModel, asked, around })
  const translating = { deployment, upstreamModel, asked, around, endpoint: endpoint.name }
  if (translation.kind === 'pass-through') return passThrough(translation, translating)
  return translate(translation, translating)
}

/** The request in chat's words, whatever its own are. */
async function speakChat(
  translation: Translation,
  { deployment, upstreamModel, asked, around }: Omit<Translating, 'endpoint'>,
): Promise<Outgoing> {
  const face = await faceOf(asked, around)
  const inChat = { ...asked, request: toChatRequest(face, deployment, upstreamModel) }
  const endpoint = 'chat-completions' as const
  const said = asked.request.fields
  const translating = { deployment, upstreamModel, asked: inChat, around, endpoint, said }
  const outgoing =
    translation.kind === 'pass-through'
      ? passThrough(translation, translating)
      : await translate(translation, translating)
  return { ...outgoing, face }
}

function passThrough(
  translation: PassThrough,
  { deployment, upstreamModel, asked, around, endpoint: name }: Translating,
): Outgoing {
  const { endpoint } = around.exchange
  const path = deployment.basePath + pathOf(translation, deployment, upstreamModel)
  const { request } = asked
  if (request.kind === 'form') {
    const form = request.encode(deployment.params, upstreamModel, hearFile(around.exchange))
    return {
      call: {
        method: 'POST',
        path,
        headers: [...deployment.headers, ...form.headers],
        body: form.body,
      },
      translation,
      modelRequest: undefined,
      isUsageHidden: false,
      isReplayable: () => request.isReplayable,
    }
  }
  const hasStreamUsage = endpoint.hasStreamUsage || name === 'chat-completions'
  const isUsageHidden = around.exchange.isStream && hasStreamUsage && !isUsageAsked(request)
  const body = upstreamBytes(request, deployment, {
    upstreamModel,
    isUsageAdded: isUsageHidden,
    maximum: around.exchange.isBounded
      ? maximumFor(request.fields, { deployment, upstreamModel, asked, around, endpoint: name })
      : undefined,
  })
  return {
    call: {
      method: 'POST',
      path,
      headers: withCallers(jsonHeaders(deployment), translation, asked),
      body,
    },
    translation,
    modelRequest: undefined,
    isUsageHidden,
    isReplayable: () => true,
  }
}

function withCallers(own: string[], { callerHeaders }: PassThrough, { headers }: Asked): string[] {
  if (callerHeaders === undefined) return own
  const passed = callerHeaders.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [name, value] : []
  })
  return passed.length === 0 ? own : [...own, ...passed]
}

function pathOf({ path }: PassThrough, { target }: Deployment, model: string): string {
  if (typeof path === 'string') return path
  return path(model === target.model ? target : { ...target, model })
}

interface Translating {
  readonly deployment: Deployment
  readonly upstreamModel: string
  readonly asked: Asked
  readonly around: Surroundings
  /** What is asked of the upstream: chat, where that serves another endpoint. */
  readonly endpoint: EndpointName
  /** What the caller has said, where that is not what is asked. */
  readonly said?: Readonly<Record<string, unknown>>
}

async function translate(
  kept: Translated | Conversed | LazyTranslation,
  { deployment, upstreamModel, asked, around, endpoint, said }: Translating,
): Promise<Outgoing> {
  const { exchange, rooms } = around
  const { request } = asked
  const translation = kept.kind === 'lazy' ? await kept.load() : kept
  await gather(request, exchange)
  const rules = translation.kind === 'translated' ? translation : noRules
  if (exchange.isStream) refuseStream(rules, deployment, exchange)
  const given = withMaximum(upstreamFields(request.fields, deployment), rules, {
    deployment,
    upstreamModel,
    asked,
    around,
    endpoint,
  })
  const target = { ...deployment.target, model: upstreamModel }
  const { wantsInline } = rules
  const fields = wantsInline
    ? await (
        await import('./inline-files.ts')
      ).inlineFiles(given, said ?? given, (file) => wantsInline(file, target), around)
    : given
  const files = await filesFor(rules, request)
  const hear = hearFile(exchange)
  for (const { field, bytes } of hear ? files : []) if (field === 'file') hear?.(Buffer.from(bytes))
  const modelRequest: ModelRequest = {
    endpoint,
    model: exchange.model,
    isStream: exchange.isStream,
    fields,
    files,
    answerId: `${exchange.endpoint.idPrefix}${exchange.id.replaceAll('-', '')}`,
    createdSeconds: Math.floor(rooms.wallClock() / 1000),
  }
  if (translation.kind === 'conversation') {
    const { beginConversation } = await import('./begin-conversation.ts')
    return beginConversation(translation, modelRequest, target, deployment, exchange.attempts)
  }
  const upstream = translation.toUpstream(modelRequest, target)
  const encoded = encodeBody(upstream, request, hear)
  const headers = [
    ...deployment.headers,
    ...Object.entries(upstream.headers ?? {}).flat(),
    ...encoded.headers,
  ]
  return {
    call: {
      method: upstream.method,
      path: deployment.basePath + upstream.path,
      headers,
      body: encoded.body,
    },
    translation,
    modelRequest,
    isUsageHidden: false,
    isReplayable: () => true,
  }
}

/** A form whole: what a dialect says may stand behind its file, `stream` too. */
async function gather(request: Asked['request'], exchange: Exchange): Promise<void> {
  if (request.kind !== 'form') return
  await request.gather()
  if (request.fields['stream'] === 'true') exchange.isStream = true
}

type Rules = Pick<
  Translated,
  'wantsInline' | 'sendsFiles' | 'stream' | 'bytesType' | 'needsMaximum'
>

const noRules: Rules = {}

// Bytes go on as they come in any case.
function refuseStream(
  { stream, bytesType }: Rules,
  { params }: Deployment,
  exchange: Exchange,
): void {
  if (stream ?? bytesType) return
  if (params.dropParams !== true) throw unsupported('stream', 'its server answers all at once.')
  exchange.isStream = false
}

function filesFor({ sendsFiles }: Rules, request: Asked['request']) {
  if (request.kind !== 'form') return []
  return sendsFiles ? namesOfFiles(request) : request.readFiles()
}

/** The fields, and a maximum where what is held for the answer goes by one and nobody names it. */
function withMaximum(
  fields: Record<string, unknown>,
  { needsMaximum = false }: Rules,
  translating: Translating,
): Record<string, unknown> {
  const { deployment, around } = translating
  const isCounted = needsMaximum && deployment.params.quotas?.some(({ unit }) => unit === 'tokens')
  if (!around.exchange.isBounded && isCounted !== true) return fields
  const maximum = maximumFor(fields, translating)
  return maximum ? { ...fields, [maximum.name]: maximum.value } : fields
}

/** What the answer is bounded by where its caller is limited and nobody names a maximum. */
function maximumFor(
  fields: Readonly<Record<string, unknown>>,
  { deployment, upstreamModel, around, endpoint }: Translating,
): ReturnType<typeof missingMaximum> {
  const { defaultMaxTokens: defaultMost } = around.exchange.serving.module.general
  return missingMaximum(fields, deployment, { endpoint, defaultMost }, upstreamModel)
}

function isUsageAsked(request: JsonRequest): boolean {
  const options = request.field('stream_options')
  return (
    options !== null &&
    typeof options === 'object' &&
    Reflect.get(options, 'include_usage') === true
  )
}
