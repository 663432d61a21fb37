import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { upstreamNonsense } from '../errors/upstream-nonsense.ts'
import type { AnswerReader, UpstreamCall, UpstreamHead } from '../upstream/call.ts'
import type { Answer } from './answer.ts'
import { addPassed } from './answer-headers.ts'
import { replaceValue } from './edit-body.ts'
import type { Endpoint } from './endpoint.ts'
import { JsonDocument } from './json-document.ts'
import { membersOf } from './json-members.ts'

const largestAnswer = 256 * 1024 * 1024
const largestError = 64 * 1024

/** Reads an answer whole and hands it on; for JSON, whose name and usage must be seen. */
export function readWhole(
  take: (body: Buffer) => void | Promise<void>,
  largest = largestAnswer,
): AnswerReader {
  const chunks: Buffer[] = []
  let length = 0
  return {
    push(chunk) {
      length += chunk.length
      if (length > largest)
        throw upstreamNonsense(`sent an answer larger than ${largest / 1024 / 1024} MiB`)
      chunks.push(chunk)
    },
    end: () => take(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks)),
  }
}

/** Reads the beginning of an error body; the rest is let go. */
export function readError(take: (body: Buffer) => never): AnswerReader {
  const chunks: Buffer[] = []
  let length = 0
  const toEnd = (): never => take(Buffer.concat(chunks).subarray(0, largestError))
  return {
    push(chunk) {
      length += chunk.length
      chunks.push(chunk)
      if (length > largestError) toEnd()
    },
    end: toEnd,
  }
}

/** Passes bytes on as they come: sound, text transcripts. */
export function readBytes(
  answer: Answer,
  call: UpstreamCall,
  head: UpstreamHead,
  watch: {
    addHeaders(headers: string[]): string[]
    onFirstEvent(): void
    onBytes?(chunk: Buffer): void
  },
): AnswerReader {
  const start = (): void => {
    if (answer.hasStarted) return
    watch.onFirstEvent()
    answer.start(200, addPassed(watch.addHeaders(describe(head)), head.headers))
  }
  return {
    push(chunk) {
      start()
      watch.onBytes?.(chunk)
      if (!answer.write(chunk)) {
        call.pause()
        answer.onDrain(() => call.resume())
      }
    },
    end() {
      start()
      answer.end()
    },
  }
}

function describe({ headers }: UpstreamHead): string[] {
  const described = ['content-type', headers['content-type'] ?? 'application/octet-stream']
  const length = headers['content-length']
  if (length !== undefined) described.push('content-length', length)
  return described
}

/** A JSON answer checked for what its endpoint promises, under the asked model name. */
export function checkAnswer(
  body: Buffer,
  endpoint: Pick<Endpoint, 'answerList'>,
  model: string,
): CheckedAnswer {
  const answer = readObject(body)
  const { answerList } = endpoint
  const error = answer.kindOf('error')
  if (error && !(answerList && answer.find(answerList)) && (answerList || error === 'text'))
    throw brokeOff(body)
  if (answerList && answer.kindOf(answerList) !== 'list')
    throw upstreamNonsense(`answered without the list "${answerList}"`)
  return { answer, bytes: renamed(answer, model) }
}

export interface CheckedAnswer {
  /** As its upstream sent it. */
  readonly answer: JsonDocument
  /** The same under the asked name. */
  readonly bytes: Buffer
}

function renamed(answer: JsonDocument, model: string): Buffer {
  const { bytes: body } = answer
  const member = answer.find('model')
  if (!member) return body
  const name = encodedName(model)
  const { valueStart, end } = member
  if (end - valueStart === name.length && body.compare(name, 0, name.length, valueStart, end) === 0)
    return body
  return replaceValue(body, member, name)
}

const encodedNames = new Map<string, Buffer>()
const mostNames = 256

/** A model's name as JSON; the last ones are kept, however many names callers invent under a wildcard. */
function encodedName(model: string): Buffer {
  const known = encodedNames.get(model)
  if (known) return known
  const encoded = Buffer.from(JSON.stringify(model))
  if (encodedNames.size >= mostNames) encodedNames.clear()
  if (encoded.length < 256) encodedNames.set(model, encoded)
  return encoded
}

function readObject(body: Buffer): JsonDocument {
  const members = membersOf(body)
  if (members) return new JsonDocument(body, members)
  if (isObject(parseJson(body))) throw upstreamNonsense('sent an answer that is nested too deeply')
  throw upstreamNonsense('did not answer with a JSON object')
}

/** The upstream's JSON, which in a dialect of its own may be a list. Throws `upstream_nonsense`. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw upstreamNonsense('did not answer in JSON', cause)
  }
}

function brokeOff(body: Buffer): GatewayError {
  return new GatewayError(
    'upstream_failed',
    'The server behind this model answered with an error.',
    {
      cause: body.toString('utf8').slice(0, 2000),
    },
  )
}
