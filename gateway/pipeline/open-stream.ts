import { fieldOf } from '../../modules/json-object.ts'
import { costOfStream } from '../accounting/charge.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ModelRequest, StreamTranslation } from '../providers/provider.ts'
import { readUpstreamError } from '../providers/read-upstream-error.ts'
import { mapUpstreamError } from '../providers/upstream-error.ts'
import type { AnswerReader, UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import { addHeaders } from './answer-headers.ts'
import { ChatChunks } from './chat-chunks.ts'
import type { Face } from './faces.ts'
import { keepingStream } from './kept-responses.ts'
import type { Opening } from './open-reader.ts'
import { EventReader, type StreamRules } from './stream-readers.ts'
import { StreamWriter, type StreamWatch } from './stream-writer.ts'
import { TranslatedReader } from './translated-reader.ts'
import { billStream } from './unfinished-usage.ts'

/** Reads a stream in the caller's own dialect. */
export function openEvents(head: UpstreamHead, call: UpstreamCall, opening: Opening): AnswerReader {
  const watch = createWatch(opening)
  const writer = new StreamWriter(opening.around.answer, call, watch, head)
  return new EventReader(writer, rulesOf(head, watch, opening), watch)
}

/** Reads a stream in the upstream's dialect. */
export function openTranslated(
  head: UpstreamHead,
  call: UpstreamCall,
  opening: Opening,
  { framing, create }: StreamTranslation,
  request: ModelRequest,
): AnswerReader {
  const watch = createWatch(opening)
  const writer = new StreamWriter(opening.around.answer, call, watch, head)
  return new TranslatedReader(writer, create(request), framing, watch)
}

/** Reads a chat stream, in OpenAI's words or the upstream's, and says it in the caller's. */
export function openFace(
  head: UpstreamHead,
  call: UpstreamCall,
  opening: Opening,
  { dialect, asked }: Face,
): AnswerReader {
  const { around, outgoing } = opening
  const { translation, modelRequest } = outgoing
  const watch = createWatch(opening)
  const writer = new StreamWriter(around.answer, call, watch, head)
  const voice = keepingStream(dialect.createStream(asked), around)
  around.exchange.voice = voice
  if (translation.kind !== 'translated' || !modelRequest) {
    const chunks = new ChatChunks((said) => errorOf(said, head, opening))
    return new TranslatedReader(writer, chunks, 'sse', watch, voice)
  }
  if (!translation.stream) throw upstreamNonsense('cannot stream; ask without `stream`')
  const translator = translation.stream.create(modelRequest)
  return new TranslatedReader(writer, translator, translation.stream.framing, watch, voice)
}

function createWatch({ asked, around: { exchange, rooms } }: Opening): StreamWatch {
  const { deployment, upstreamModel } = exchange
  const price = deployment?.pricing?.of(upstreamModel)
  const mayCost = deployment?.pricing !== undefined && price?.isFree !== true
  return {
    addHeaders: (headers) => {
      // LiteLLM's word for what is known at the end; `usage.cost` tells it then.
      if (price) headers.push('x-litellm-response-cost', '0')
      return addHeaders(headers, exchange)
    },
    onFirstEvent: () => {
      exchange.firstByteMs = rooms.now() - exchange.startedAt
    },
    onEnd: (produced, isWhole) => billStream(produced, isWhole, asked, exchange),
    ...(mayCost && { costOf: (usage) => costOfStream(exchange, usage, rooms.now())?.total }),
  }
}

function rulesOf(head: UpstreamHead, watch: StreamWatch, opening: Opening): StreamRules {
  const { asked, around, outgoing } = opening
  const { endpoint, model } = around.exchange
  const n = asked.request.field('n')
  return {
    model,
    isUsageHidden: outgoing.isUsageHidden,
    endsWithDone: endpoint.hasStreamUsage,
    choices: endpoint.answerList !== undefined && typeof n === 'number' && n > 1 ? n : 1,
    ...(endpoint.lastEvents && { lastEvents: endpoint.lastEvents }),
    mayBeText: endpoint.answer !== 'json',
    ...(endpoint.hasStreamUsage && watch.costOf && { costOf: watch.costOf }),
    errorOf: (said) => errorOf(said, head, opening),
  }
}

/** What an upstream says within its stream: before the first event as if it had answered with it. */
function errorOf(
  said: unknown,
  { headers }: UpstreamHead,
  { around, deployment }: Opening,
): GatewayError {
  const { secrets, provider } = deployment
  const { message } = readUpstreamError(said, secrets)
  const brokeOff = new GatewayError(
    'upstream_failed',
    `The server behind this model broke off with an error${message === '' ? '.' : `: ${message}`}`,
    { cause: message },
  )
  if (around.answer.hasStarted) return brokeOff
  const refused = mapUpstreamError({
    status: statusIn(said),
    headers,
    body: Buffer.from(JSON.stringify(said)),
    model: around.exchange.model,
    provider: provider.name,
    nowMs: around.rooms.wallClock(),
    secrets,
  })
  return refused.code === 'upstream_failed' ? brokeOff : refused
}

function statusIn(said: unknown): number {
  const error = fieldOf(said, 'error')
  for (const key of ['status', 'status_code', 'code']) {
    const status = Number(fieldOf(error, key))
    if (Number.isInteger(status) && status >= 400 && status < 600) return status
  }
  return 500
}
