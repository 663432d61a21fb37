import { isObject } from '../../modules/json-object.ts'
import { chargeExchange } from '../accounting/charge.ts'
import { readMediaUsage, readUsage } from '../accounting/read-usage.ts'
import type { Usage } from '../accounting/usage.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { TextAnswer } from '../providers/provider.ts'
import { mapUpstreamError } from '../providers/upstream-error.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { AnswerReader, UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import type { Endpoint } from './endpoint.ts'
import { addHeaders, addPassed } from './answer-headers.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { checkAnswer, parseJson, readBytes, readError, readWhole } from './body-readers.ts'
import { linkImages } from './image-links.ts'
import type { Exchange } from './exchange.ts'
import { heardAnswer } from './note-price.ts'
import type { JsonDocument } from './json-document.ts'
import type { Outgoing } from './outgoing.ts'
import type { Face } from './faces.ts'
import { keepAnswer } from './kept-responses.ts'
import { openEvents, openFace, openTranslated } from './open-stream.ts'

export interface Opening {
  readonly deployment: Deployment
  readonly outgoing: Outgoing
  readonly asked: Asked
  readonly around: Surroundings
}

/** The reader that fits what an upstream has begun to answer. */
export function openReader(head: UpstreamHead, call: UpstreamCall, opening: Opening): AnswerReader {
  const { around, outgoing } = opening
  const { exchange } = around
  if (head.status >= 300) return readFailure(head, opening)
  refuseEncoding(head)
  if (outgoing.face) return openOverChat(head, call, opening, outgoing.face)
  const { translation, modelRequest } = outgoing
  const told = head.headers['content-type']
  if (translation.kind === 'translated' && modelRequest) {
    const bytesType = translation.bytesType?.(modelRequest, told)
    if (bytesType !== undefined) return passBytes(asType(head, bytesType), call, around)
    if (exchange.isStream && translation.stream)
      return openTranslated(head, call, opening, translation.stream, modelRequest)
    return readWhole((body) => {
      const value = translation.toAnswer(parseJson(body), modelRequest)
      const text = translation.toText?.(value, modelRequest)
      return text ? finishText(value, text, head, around) : finishTranslated(value, head, opening)
    })
  }
  const type = told ?? ''
  if (isEventStream(type, exchange)) {
    // A form may ask for it behind its file, which flows on before that is read; speech by a field of its own.
    const { body, answer: kind } = exchange.endpoint
    if (body === 'form' || kind === 'bytes') exchange.isStream = true
    if (!exchange.isStream) throw upstreamNonsense('answered with a stream that nobody asked for')
    return openEvents(head, call, opening)
  }
  const isJson =
    exchange.endpoint.answer === 'json' ||
    (exchange.endpoint.answer === 'either' && isJsonType(type))
  if (!isJson) return passBytes(head, call, around)
  return readWhole((body) => finishJson(body, head, opening))
}

/** Bytes as they come. Asked for as a stream or not: they have no form for an error behind them. */
function passBytes(head: UpstreamHead, call: UpstreamCall, around: Surroundings): AnswerReader {
  const { exchange, answer } = around
  const isClocked = exchange.isStream
  exchange.isStream = false
  const watch = createWatch(around)
  const onFirstEvent = (): void => {
    watch.onFirstEvent()
    // The clock of a stream is one for its beginning.
    if (isClocked) call.stopClock()
  }
  return readBytes(answer, call, head, { ...watch, onFirstEvent })
}

function asType({ status, headers }: UpstreamHead, type: string): UpstreamHead {
  return { status, headers: { ...headers, 'content-type': type } }
}

/** An answer of a chat model to a caller that speaks otherwise. */
function openOverChat(
  head: UpstreamHead,
  call: UpstreamCall,
  opening: Opening,
  face: Face,
): AnswerReader {
  const { around, outgoing } = opening
  const { exchange } = around
  if (exchange.isStream) return openFace(head, call, opening, face)
  return readWhole((body) => {
    const { translation, modelRequest } = outgoing
    const chat =
      translation.kind === 'translated' && modelRequest
        ? translation.toAnswer(parseJson(body), modelRequest)
        : checkAnswer(body, chatAnswers, exchange.model).answer.fields
    exchange.usage = usageIn(chat, exchange.endpoint)
    const said = face.dialect.toAnswer(chat, face.asked)
    keepAnswer(said, around)
    sendJson(Buffer.from(JSON.stringify(said)), head, around)
  })
}

const chatAnswers = { answerList: 'choices' } as const

/** Throws where an answer is compressed. */
export function refuseEncoding({ headers }: UpstreamHead): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  throw upstreamNonsense('answered in a compressed form that nobody asked for')
}

/** Reads what an upstream says of its failure. Ends with the catalogue's error for it. */
export function readFailure(head: UpstreamHead, { around, deployment }: Opening): AnswerReader {
  return readError((body) => {
    throw mapUpstreamError({
      status: head.status,
      headers: head.headers,
      body,
      model: around.exchange.model,
      provider: deployment.provider.name,
      nowMs: around.rooms.wallClock(),
      secrets: deployment.secrets,
    })
  })
}

function finishJson(body: Buffer, head: UpstreamHead, { around }: Opening): void {
  const { exchange } = around
  const { answer, bytes } = checkAnswer(body, exchange.endpoint, exchange.model)
  if (exchange.isStream) throw upstreamNonsense('was asked for a stream and answered without one')
  exchange.usage = usageIn(
    isMedia(exchange.endpoint) ? answer.fields : toldBy(answer),
    exchange.endpoint,
  )
  sendJson(bytes, head, around)
}

/** What of an answer that is none of media its usage is read from. */
function toldBy(answer: JsonDocument): Readonly<Record<string, unknown>> {
  const usage = answer.field('usage')
  return {
    usage,
    service_tier: answer.field('service_tier'),
    model: answer.field('model'),
    ...(isObject(usage) ? undefined : { meta: answer.field('meta') }),
  }
}

/** Counts and sends OpenAI's JSON that was made of an upstream's. */
export async function finishTranslated(
  value: Record<string, unknown>,
  head: UpstreamHead,
  { around, asked }: Opening,
): Promise<void> {
  const { exchange, answer } = around
  if (exchange.isStream)
    throw upstreamNonsense('cannot stream this kind of answer; ask without `stream`')
  exchange.usage = usageIn(value, exchange.endpoint)
  const shown =
    asked.request.field('response_format') === 'b64_json'
      ? value
      : await linkImages(value, asked, around)
  if (answer.isGone) return
  sendJson(Buffer.from(JSON.stringify(shown)), head, around)
}

function finishText(
  value: Readonly<Record<string, unknown>>,
  { contentType, text }: TextAnswer,
  head: UpstreamHead,
  around: Surroundings,
): void {
  around.exchange.usage = usageIn(value, around.exchange.endpoint)
  sendWhole(Buffer.from(text), contentType, head, around)
}

function sendJson(bytes: Buffer, head: UpstreamHead, around: Surroundings): void {
  sendWhole(bytes, 'application/json', head, around)
}

function sendWhole(
  bytes: Buffer,
  contentType: string,
  head: UpstreamHead,
  { exchange, answer, rooms }: Surroundings,
): void {
  const now = rooms.now()
  exchange.firstByteMs = now - exchange.startedAt
  exchange.cost = chargeExchange(exchange, now)
  const headers = ['content-type', contentType, 'content-length', `${bytes.length}`]
  addPassed(addHeaders(headers, exchange), head.headers)
  answer.start(200, headers)
  answer.end(bytes)
}

function usageIn(value: Readonly<Record<string, unknown>>, endpoint: Endpoint): Usage {
  const usage = readUsage(value) ?? {}
  return isMedia(endpoint) ? { ...usage, ...readMediaUsage(value) } : usage
}

function isMedia({ name }: Endpoint): boolean {
  return name.startsWith('images-') || name.startsWith('audio-')
}

function createWatch({ exchange, rooms }: Surroundings) {
  const made = heardAnswer(exchange)
  return {
    addHeaders: (headers: string[]) => {
      // What is paid by the length of the answer is known at its end.
      if (!made) exchange.cost = chargeExchange(exchange, rooms.now())
      return addHeaders(headers, exchange)
    },
    onFirstEvent: () => {
      exchange.firstByteMs = rooms.now() - exchange.startedAt
    },
    ...(made && { onBytes: (chunk: Buffer) => made.push(chunk) }),
  }
}

// Some servers send a stream under no name, or as plain text.
function isEventStream(type: string, { isStream, endpoint }: Exchange): boolean {
  if (type.startsWith('text/event-stream')) return true
  return isStream && endpoint.answer === 'json' && (type === '' || type.startsWith('text/plain'))
}

function isJsonType(type: string): boolean {
  return type.startsWith('application/json') || type.startsWith('application/problem+json')
}
