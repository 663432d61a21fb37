import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import type { Conversed } from '../../../gateway/providers/conversation.ts'
import { providers } from '../../../gateway/providers/index.ts'
import type {
  ModelRequest,
  PassThrough,
  Provider,
  Target,
  Translated,
  UploadedFile,
} from '../../../gateway/providers/provider.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import type { DeploymentParams } from '../../../modules/module.ts'

/** A recorded exchange: what was asked, what the upstream said. */
export interface Fixture {
  readonly about: string
  readonly request: {
    readonly endpoint: EndpointName
    readonly isStream?: boolean
    readonly fields: Record<string, unknown>
    readonly files?: readonly FixtureFile[]
  }
  readonly params?: Partial<DeploymentParams>
  readonly target?: string
  /** Whether it is the provider's own service; default: nobody says. */
  readonly isVendor?: boolean
  readonly answer?: unknown
  readonly events?: readonly unknown[]
  /** The content type that an upstream told which answers with bytes. */
  readonly told?: string
}

interface FixtureFile {
  readonly field: string
  /** Default: nothing, as where files are sent as they are. */
  readonly base64?: string
  /** Default: a picture's. */
  readonly contentType?: string
}

/** What a translation makes of it, both ways. */
export interface Outcome {
  readonly call?: unknown
  readonly answer?: unknown
  readonly chunks?: readonly unknown[]
  readonly text?: unknown
  readonly contentType?: string
  readonly error?: { readonly code: string; readonly message: string; readonly param?: string }
}

export function requestFor(
  request: Partial<ModelRequest> & { readonly endpoint: EndpointName },
): ModelRequest {
  return {
    model: 'asked',
    isStream: false,
    fields: {},
    files: [],
    answerId: 'chatcmpl-abc123',
    createdSeconds: 1_760_000_000,
    ...request,
  }
}

export function targetFor(model: string, params: Partial<DeploymentParams> = {}): Target {
  return {
    model,
    params: {
      model,
      additionalDropParams: [],
      extraHeaders: {},
      extraBody: {},
      defaults: {},
      ...params,
    },
  }
}

const read = new Map<unknown, Translated | Conversed>()
for (const { endpoints } of Object.values(providers))
  for (const translation of Object.values(endpoints))
    if (translation.kind === 'lazy') read.set(translation, await translation.load())

/** What a provider has for an endpoint, its code read. */
export function readTranslation(
  provider: Provider | undefined,
  endpoint: EndpointName,
): PassThrough | Translated | Conversed | undefined {
  const translation = provider?.endpoints[endpoint]
  return translation?.kind === 'lazy' ? read.get(translation) : translation
}

export function translationOf(provider: Provider, endpoint: EndpointName): Translated {
  const translation = readTranslation(provider, endpoint)
  if (translation?.kind !== 'translated')
    throw new Error(`${provider.name} does not translate ${endpoint}`)
  return translation
}

/** Plays a fixture through a provider. */
export function play(provider: Provider, fixture: Fixture): Outcome {
  const { endpoint, isStream = false, fields, files = [] } = fixture.request
  const translation = translationOf(provider, endpoint)
  const request = requestFor({ endpoint, isStream, fields, files: files.map(uploaded) })
  const call = translation.toUpstream(request, {
    ...targetFor(fixture.target ?? 'qwen3:8b', fixture.params),
    ...(fixture.isVendor !== undefined && { isVendor: fixture.isVendor }),
  })
  const chunks: unknown[] = []
  try {
    if (fixture.told !== undefined)
      return { call, contentType: translation.bytesType?.(request, fixture.told) ?? 'none' }
    if (fixture.events === undefined) {
      const answer = translation.toAnswer(fixture.answer, request)
      const text = translation.toText?.(answer, request)
      return { call, answer, ...(text && { text }) }
    }
    const stream = translation.stream?.create(request)
    for (const event of fixture.events) chunks.push(...(stream?.onEvent(event) ?? []))
    if (stream?.isDone !== true) throw new Error('the stream did not end')
    return { call, chunks }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return { call, chunks, error: { code: error.code, message: error.message } }
  }
}

function uploaded({ field, base64 = '', contentType = 'image/png' }: FixtureFile): UploadedFile {
  return {
    field,
    fileName: `${field}.png`,
    contentType,
    bytes: Buffer.from(base64, 'base64'),
  }
}
