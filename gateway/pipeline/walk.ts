import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { serves } from '../providers/served.ts'
import type { Deployment } from '../routing/deployment.ts'
import { planOf } from '../routing/group-plan.ts'
import type { ModelGroup, Route } from '../routing/router.ts'
import type { FallbackTarget } from './asked-fallbacks.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { checkFields } from './check-fields.ts'
import { fallbacksOf, isMendable } from './fallbacks.ts'
import { replaceFields } from './replace-fields.ts'
import { tryGroup, type Tried } from './try-group.ts'

/** What every group of an exchange is asked with. */
export type Request = Omit<Asked, 'group' | 'isLastGroup' | 'isRestBroken'>

/** The way of nearly every request: one attempt, about which there is nothing to decide. */
export interface PlainWay {
  readonly deployment: Deployment
  readonly asked: Asked
}

/** The plain way, where a request has one. */
export function findPlainWay(
  route: Route,
  request: Request,
  around: Surroundings,
): PlainWay | undefined {
  if (request.controls.mockedFailure) return undefined
  const deployment = findOnlyOne(route[0], around)
  if (deployment === undefined) return undefined
  around.exchange.currentGroup = route[0].name
  return { deployment, asked: firstOf(route, request) }
}

/** The deployment of a group about which there is nothing to decide: it is alone, unbounded and well. */
function findOnlyOne(
  { deployments }: ModelGroup,
  { exchange, rooms }: Surroundings,
): Deployment | undefined {
  const only = deployments[0]
  if (only === undefined || deployments.length > 1 || only.gate !== undefined) return undefined
  if (!serves(only.provider, exchange.endpoint.name, only.target)) return undefined
  if (!planOf(deployments, exchange.serving.module.router).isBlind) return undefined
  const now = rooms.now()
  const { health } = only
  const isWell = health.limitedMs(now) === 0 && health.coolingMs(now) === 0 && !health.isProbed(now)
  return isWell ? only : undefined
}

function firstOf(route: Route, request: Request): Asked {
  return { ...request, group: route[0], isLastGroup: route.length === 1, isRestBroken: false }
}

/**
 * Tries the groups of a name until one answers, then what stands in for them: depth first, none twice. Where all
 * fail the caller hears of the first failure. `tried` is the plain way, where that was tried before.
 */
export async function walk(
  route: Route,
  request: Request,
  around: Surroundings,
  tried?: Tried,
): Promise<void> {
  const { exchange } = around
  const [group] = route
  exchange.currentGroup = group.name
  try {
    if (request.controls.mockedFailure) throw mocked(request, group)
    await tryGroup(firstOf(route, request), around, tried)
  } catch (thrown) {
    const failure = toGatewayError(thrown)
    if (!isMendable(failure)) throw failure
    await new Alternatives(route, request, around).run(failure)
  }
}

interface Alternative {
  /** The name it is written down by, and what of the request is replaced there. */
  readonly target: FallbackTarget
  readonly group: ModelGroup
  /** A further model of an alias: no fallback, so not counted among them. */
  readonly isOfAlias: boolean
}

class Alternatives {
  readonly #request: Request
  readonly #around: Surroundings
  readonly #first: ModelGroup
  readonly #tried = new Set<string | ModelGroup>()
  #waiting: Alternative[]
  #left: number

  constructor([first, ...others]: Route, request: Request, around: Surroundings) {
    this.#request = request
    this.#around = around
    this.#first = first
    this.#left = around.exchange.serving.module.router.maxFallbacks
    this.#tried.add(keyOf(first, request.model))
    this.#waiting = others.map((group) => ({
      target: { model: group.name },
      group,
      isOfAlias: true,
    }))
  }

  async run(first: GatewayError): Promise<void> {
    const { exchange } = this.#around
    const { deployment, retries } = exchange
    this.#add([this.#request.model, exchange.group], first)
    let failure = first
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const from = exchange.currentGroup
      const done = await this.#try(next, failure, from)
      if (done === undefined) return
      failure = done
      this.#add([next.target.model, next.group.name], failure)
    }
    exchange.currentGroup = exchange.group
    if (first.code === 'no_deployment_available') return this.#breakRest()
    exchange.deployment = deployment
    exchange.retries = retries
    throw first
  }

  /** Nobody took over for the first group, which was spared because all of it rests: now it is asked all the same. */
  #breakRest(): Promise<void> {
    const request = this.#request
    return tryGroup(
      { ...request, group: this.#first, isLastGroup: true, isRestBroken: true },
      this.#around,
    )
  }

  #next(): Alternative | undefined {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const key = keyOf(next.group, next.target.model)
      if (this.#tried.has(key) || (!next.isOfAlias && this.#left <= 0)) continue
      if (!next.isOfAlias) this.#left -= 1
      this.#tried.add(key)
      return next
    }
    return undefined
  }

  /** Puts what stands in for a failed model before all that waits already. */
  #add(names: readonly string[], failure: GatewayError): void {
    const { router, module } = this.#around.exchange.serving
    const targets = fallbacksOf(names, failure, module.router, this.#request.controls)
    const found = targets.flatMap((target) =>
      (router.find(target.model) ?? []).map((group) => ({ target, group, isOfAlias: false })),
    )
    this.#waiting = [...found, ...this.#waiting]
  }

  /** Undefined: it answered. Throws what ends the exchange. */
  async #try(
    { target, group }: Alternative,
    because: GatewayError,
    from: string,
  ): Promise<GatewayError | undefined> {
    const { exchange, rooms } = this.#around
    exchange.fallbacks += 1
    exchange.currentGroup = group.name
    exchange.requireTrace().fallbacks.push({ from, to: group.name, because: because.code })
    const { deployment: failed, callId: call } = exchange
    rooms.log.info({ call }, `${from} failed (${because.code}), ${group.name} is asked`)
    const failure = await this.#ask(target, group)
    const isAnswered = failure === undefined
    rooms.countFallback(exchange, { to: group.name, because, failed, isAnswered })
    return failure
  }

  async #ask(target: FallbackTarget, group: ModelGroup): Promise<GatewayError | undefined> {
    try {
      await tryGroup(this.#askedOf(target, group), this.#around)
      return undefined
    } catch (thrown) {
      const failure = toGatewayError(thrown)
      if (isMendable(failure) || isOfTarget(failure)) return failure
      throw failure
    }
  }

  #askedOf({ model, fields }: FallbackTarget, group: ModelGroup): Asked {
    const isLastGroup = this.#waiting.length === 0
    const asked = { ...this.#request, model, group, isLastGroup, isRestBroken: false }
    if (fields === undefined) return asked
    const request = replaceFields(this.#request.request, fields)
    checkFields(request, this.#around.exchange.endpoint, model)
    return { ...asked, request }
  }
}

// A pattern stands for as many models as there are names.
function keyOf(group: ModelGroup, model: string): string | ModelGroup {
  return group.name.includes('*') ? model : group
}

// What does not fit one model may still fit the next.
function isOfTarget({ code, isFinal }: GatewayError): boolean {
  return !isFinal && code === 'invalid_request'
}

function mocked({ controls, model }: Request, { name }: ModelGroup): GatewayError {
  return new GatewayError(
    controls.mockedFailure ?? 'upstream_failed',
    `The model ${model} failed because the request asks for it (mock_testing_fallbacks), and no fallback of ${name} answered.`,
  )
}
