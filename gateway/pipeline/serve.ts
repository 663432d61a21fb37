import type { IncomingHttpHeaders } from 'node:http'

import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Answer } from './answer.ts'
import { answerFailure } from './answer-failure.ts'
import { attempt } from './attempt.ts'
import { endUserOf } from './end-user.ts'
import type { Exchange } from './exchange.ts'
import type { FormRequest } from './form-request.ts'
import type { JsonRequest } from './json-request.ts'
import { goOn, mayGoOn } from './kept-responses.ts'
import { admitCaller } from './caller-limits.ts'
import { checkFields } from './check-fields.ts'
import { readControls, withTags } from './controls.ts'
import { meantBy, requireFallbacks, requireModel } from './model-rights.ts'
import type { Rooms } from './rooms.ts'
import { startDeadline } from './under-way.ts'
import { findPlainWay, walk } from './walk.ts'

/** A request's body in either form; `fields` holds what is not a file. */
export type ReadRequest = JsonRequest | FormRequest

export interface Incoming {
  readonly headers: IncomingHttpHeaders
  /** From the path, where it names the model: `/engines/{model}/…`. */
  readonly pathModel: string | undefined
  read(): ReadRequest | Promise<ReadRequest>
}

/** One request's way: read, find the model, try the deployments behind it, answer, settle. Never rejects. */
export async function serve(
  exchange: Exchange,
  incoming: Incoming,
  answer: Answer,
  rooms: Rooms,
): Promise<void> {
  rooms.begin()
  let request: ReadRequest | undefined
  let deadline: NodeJS.Timeout | undefined
  try {
    request = await incoming.read()
    const asked = checkFields(request, exchange.endpoint, incoming.pathModel)
    exchange.model = asked
    if (mayGoOn(exchange)) request = await goOn(request, exchange, rooms)
    exchange.isStream = isStreamAsked(request)
    const { headers } = incoming
    const { access } = exchange.caller
    const controls = withTags(readControls(request, headers), access?.tags)
    exchange.endUser = endUserOf(request, headers)
    if (controls.tags.length > 0) exchange.tags = controls.tags
    const around = { exchange, answer, rooms }
    if (controls.timeoutMs !== undefined) deadline = startDeadline(controls.timeoutMs, around)
    const { router } = exchange.serving
    const model = access ? meantBy(access, asked) : asked
    const route = router.route(model)
    exchange.group = route[0].name
    if (access) {
      requireModel(access, model, route)
      requireFallbacks(access, controls, router)
    }
    rooms.retryBudget.deposit(exchange.startedAt)
    const asking = { request, model, controls, headers, host: headers.host }
    const admitting = admitCaller(route, asking, around)
    if (admitting) await admitting
    // Here, and not in a function of its own: each that waits costs every request a promise.
    const plain = findPlainWay(route, asking, around)
    if (plain) {
      try {
        await attempt(plain.deployment, plain.asked, around)
      } catch (thrown) {
        const tried = { deployment: plain.deployment, failure: toGatewayError(thrown) }
        await walk(route, asking, around, tried)
      }
    } else await walk(route, asking, around)
    exchange.outcome = 'ok'
  } catch (thrown) {
    answerFailure(thrown, exchange, answer, rooms)
  } finally {
    clearTimeout(deadline)
    if (request?.kind === 'form') request.discard()
    exchange.status = answer.isGone ? 499 : answer.status
    rooms.settle(exchange)
  }
}

function isStreamAsked(request: ReadRequest): boolean {
  const stream = request.field('stream')
  if (stream === undefined || stream === null) return false
  if (typeof stream === 'boolean') return stream
  if (stream === 'true') return true
  if (stream === 'false') return false
  throw new GatewayError('invalid_request', 'stream: expected true or false.', { param: 'stream' })
}
