import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { orderCandidates } from '../routing/candidates.ts'
import type { Answer } from './answer.ts'
import { answerFailure } from './answer-failure.ts'
import { attempt } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import type { FormRequest } from './form-request.ts'
import type { JsonRequest } from './json-request.ts'
import { tryInTurn } from './try-in-turn.ts'
import { checkFields } from './check-fields.ts'
import type { Rooms } from './rooms.ts'

/** A request's body in either form; `fields` holds what is not a file. */
export type ReadRequest = JsonRequest | FormRequest

export interface Incoming {
  readonly headers: IncomingHttpHeaders
  /** From the path, where it names the model: `/engines/{model}/…`. */
  readonly pathModel: string | undefined
  read(): ReadRequest | Promise<ReadRequest>
}

/** One request's way: read, find the model, order the deployments, try them, answer, settle. Never rejects. */
export async function serve(
  exchange: Exchange,
  incoming: Incoming,
  answer: Answer,
  rooms: Rooms,
): Promise<void> {
  rooms.begin()
  let request: ReadRequest | undefined
  try {
    request = await incoming.read()
    const model = checkFields(request, exchange.endpoint, incoming.pathModel)
    exchange.model = model
    exchange.isStream = isStreamAsked(request)
    const [group] = exchange.serving.router.route(model)
    exchange.group = group.name
    const candidates = orderCandidates(group, exchange.endpoint.name, {
      now: rooms.now(),
      random: rooms.random,
    })
    const asked = { request, group, host: incoming.headers.host }
    await tryInTurn(candidates, exchange, rooms, (deployment) =>
      attempt(deployment, asked, { exchange, answer, rooms }),
    )
    exchange.outcome = 'ok'
  } catch (thrown) {
    answerFailure(thrown, exchange, answer, rooms)
  } finally {
    if (request?.kind === 'form') request.discard()
    exchange.status = answer.isGone ? 499 : answer.status
    rooms.settle(exchange)
  }
}

function isStreamAsked({ fields }: ReadRequest): boolean {
  const { stream } = fields
  if (stream === undefined || stream === null) return false
  if (typeof stream === 'boolean') return stream
  if (stream === 'true') return true
  if (stream === 'false') return false
  throw new GatewayError('invalid_request', 'stream: expected true or false.', { param: 'stream' })
}
