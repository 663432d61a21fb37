import { chargeExchange } from '../accounting/charge.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { UsageReader } from '../providers/provider.ts'
import { mapUpstreamError } from '../providers/upstream-error.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { AnswerReader, UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import { addHeaders } from './answer-headers.ts'
import type { Surroundings } from './attempt.ts'
import { readWhole } from './body-readers.ts'
import { answeredHeaders, type Masks } from './pass-headers.ts'
import { watchUsage, type UsageWatch } from './pass-usage.ts'

export interface Passing {
  readonly deployment: Deployment
  readonly masks: Masks
  /** Whether what it tells of usage is paid with this request. */
  readonly isPaid: boolean
  readonly usageReader: UsageReader | undefined
  readonly around: Surroundings
  /** Hears what the upstream refused, in the catalogue's words, where its own go to the caller. */
  readonly onRefusal: (failure: GatewayError) => void
}

/** Largest JSON that is held until it is whole, so that its cost can stand in front of it. */
const largestHeld = 4 * 1024 * 1024
const largestError = 1024 * 1024

/** The reader that passes an answer on as it is, and hears what it tells of usage. */
export function openPassed(head: UpstreamHead, call: UpstreamCall, passing: Passing): AnswerReader {
  const { exchange } = passing.around
  if (head.status >= 400) return readWhole((body) => refuse(body, head, passing), largestError)
  exchange.hasAnswerBegun = head.status < 300
  const type = head.headers['content-type'] ?? ''
  exchange.isStream = /^text\/event-stream|^application\/x-ndjson/i.test(type)
  const length = Number(head.headers['content-length'])
  const isHeld = /^application\/([\w.-]+\+)?json/i.test(type) && length > 0 && length <= largestHeld
  const isReadable = passing.isPaid && head.headers['content-encoding'] === undefined
  const watch = isReadable ? watchUsage(type, passing.usageReader) : undefined
  return new PassReader(head, call, passing, watch, isHeld)
}

/** A failure in the provider's own words, which its clients read; but for what it says of our key. */
function refuse(body: Buffer, { status, headers }: UpstreamHead, passing: Passing): void {
  const { around, deployment, masks } = passing
  const { answer, exchange, rooms } = around
  const failure = mapUpstreamError({
    status,
    headers,
    body,
    model: exchange.model || deployment.provider.name,
    provider: deployment.provider.name,
    nowMs: rooms.wallClock(),
    secrets: deployment.secrets,
  })
  if (failure.code === 'upstream_refused_our_key' && status !== 403) throw failure
  passing.onRefusal(failure)
  const shown = headers['content-encoding'] ? body : withoutSecrets(body, masks)
  start(answer, status, headers, passing, shown.length)
  answer.end(shown)
}

function withoutSecrets(body: Buffer, { secrets, upstream, own }: Masks): Buffer {
  const text = body.toString('latin1')
  const shown = secrets.reduce(
    (words, secret) => words.replaceAll(Buffer.from(secret).toString('latin1'), '[key]'),
    text.replaceAll(upstream, own),
  )
  return shown === text ? body : Buffer.from(shown, 'latin1')
}

function start(
  answer: Surroundings['answer'],
  status: number,
  answered: UpstreamHead['headers'],
  { masks, around }: Passing,
  length?: number,
): void {
  const { 'content-length': announced, ...rest } = answered
  const headers = answeredHeaders(rest, masks)
  const known = length ?? announced
  if (known !== undefined) headers.push('content-length', `${known}`)
  answer.start(status, addHeaders(headers, around.exchange))
}

class PassReader implements AnswerReader {
  readonly #head: UpstreamHead
  readonly #call: UpstreamCall
  readonly #passing: Passing
  readonly #watch: UsageWatch | undefined
  readonly #isHeld: boolean
  readonly #held: Buffer[] = []
  #isWaiting = false
  isComplete = false

  constructor(
    head: UpstreamHead,
    call: UpstreamCall,
    passing: Passing,
    watch: UsageWatch | undefined,
    isHeld: boolean,
  ) {
    this.#head = head
    this.#call = call
    this.#passing = passing
    this.#watch = watch
    this.#isHeld = isHeld
  }

  push(chunk: Buffer): void {
    this.#watch?.push(chunk)
    if (this.#isHeld) {
      this.#held.push(chunk)
      return
    }
    this.#start()
    const { answer } = this.#passing.around
    if (answer.write(chunk) || this.#isWaiting) return
    this.#isWaiting = true
    this.#call.pause()
    answer.onDrain(() => {
      this.#isWaiting = false
      this.#call.resume()
    })
  }

  end(): void {
    this.#tell()
    const { exchange, answer, rooms } = this.#passing.around
    if (this.#isHeld) exchange.cost = chargeExchange(exchange, rooms.now())
    this.#start()
    for (const chunk of this.#held) answer.write(chunk)
    this.isComplete = true
    answer.end()
  }

  stop(): void {
    this.#tell()
  }

  #tell(): void {
    if (this.#watch) this.#passing.around.exchange.usage = this.#watch.usage
  }

  #start(): void {
    const { exchange, answer, rooms } = this.#passing.around
    if (answer.hasStarted) return
    // Downloads and streams take as long as they flow.
    if (!this.#isHeld) this.#call.stopClock()
    exchange.firstByteMs = rooms.now() - exchange.startedAt
    start(answer, this.#head.status, this.#head.headers, this.#passing)
  }
}
