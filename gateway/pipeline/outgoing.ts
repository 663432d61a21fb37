import type { Readable } from 'node:stream'

import { GatewayError } from '../errors/gateway-error.ts'
import type { ModelRequest, PassThrough, Translation } from '../providers/provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import type { JsonRequest } from './json-request.ts'
import { hearFile } from './note-price.ts'
import { jsonHeaders, upstreamBytes, upstreamFields } from './upstream-body.ts'

/** A request in the upstream's dialect, ready to be sent. */
export interface Outgoing {
  readonly call: {
    readonly method: 'GET' | 'POST'
    readonly path: string
    readonly headers: string[]
    readonly body: Buffer | Readable | null
  }
  readonly translation: Translation
  /** Present where the answer must be translated back. */
  readonly modelRequest: ModelRequest | undefined
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
  const translation = deployment.provider.endpoints[endpoint.name]
  if (!translation) {
    throw new GatewayError(
      'endpoint_not_offered',
      `The model ${around.exchange.model} does not take ${endpoint.name}.`,
    )
  }
  if (translation.kind === 'translated')
    return translate(translation, { deployment, upstreamModel, asked, around })
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
  const isUsageHidden =
    around.exchange.isStream && endpoint.hasStreamUsage && !isUsageAsked(request)
  const body = upstreamBytes(request, deployment, { upstreamModel, isUsageAdded: isUsageHidden })
  return {
    call: {
      method: 'POST',
      path,
      headers: jsonHeaders(deployment),
      body,
    },
    translation,
    modelRequest: undefined,
    isUsageHidden,
    isReplayable: () => true,
  }
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
}

async function translate(
  translation: Extract<Translation, { kind: 'translated' }>,
  { deployment, upstreamModel, asked, around }: Translating,
): Promise<Outgoing> {
  const { exchange, rooms } = around
  const { request } = asked
  const fields = upstreamFields(request.fields, deployment)
  const files = request.kind === 'form' ? await request.readFiles() : []
  const hear = hearFile(exchange)
  for (const { field, bytes } of hear ? files : []) if (field === 'file') hear?.(Buffer.from(bytes))
  const modelRequest: ModelRequest = {
    endpoint: exchange.endpoint.name,
    model: exchange.model,
    isStream: exchange.isStream,
    fields,
    files,
    answerId: `${exchange.endpoint.idPrefix}${exchange.id.replaceAll('-', '')}`,
    createdSeconds: Math.floor(rooms.wallClock() / 1000),
  }
  const target = { ...deployment.target, model: upstreamModel }
  const upstream = translation.toUpstream(modelRequest, target)
  const headers = [
    ...deployment.headers,
    ...Object.entries(upstream.headers ?? {}).flat(),
    'content-type',
    'application/json',
  ]
  return {
    call: {
      method: upstream.method,
      path: deployment.basePath + upstream.path,
      headers,
      body: Buffer.from(JSON.stringify(upstream.body)),
    },
    translation,
    modelRequest,
    isUsageHidden: false,
    isReplayable: () => true,
  }
}

function isUsageAsked({ fields }: { readonly fields: JsonRequest['fields'] }): boolean {
  const options = fields['stream_options']
  return (
    options !== null &&
    typeof options === 'object' &&
    Reflect.get(options, 'include_usage') === true
  )
}
