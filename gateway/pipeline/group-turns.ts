import { toGatewayError } from '../errors/envelope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gate, GateAdmission } from '../limits/gate.ts'
import { decide } from '../routing/decide.ts'
import type { DecisionInput, RequestFacts } from '../routing/decision.ts'
import type { Deployment } from '../routing/deployment.ts'
import { createInput, describeRequest } from '../routing/facts.ts'
import { nothingLeft } from '../routing/nothing-left.ts'
import { boundPromptTokens } from '../routing/prompt-tokens.ts'
import { judgeFailure, mayHaveBilled, retrySettingsOf, type Again } from '../routing/retry-rules.ts'
import { admit, flowOf } from './admission.ts'
import { fallbacksOf } from './fallbacks.ts'
import { attempt, type Asked, type Surroundings } from './attempt.ts'
import { readyToRetry } from './retry.ts'
import { tooLittleLeft } from './too-little-left.ts'
import { requireCaller } from './under-way.ts'

interface Choice {
  readonly deployment: Deployment
  /** Nothing but resting ones is left. */
  readonly isLastResort: boolean
}

interface Failed {
  readonly deployment: Deployment
  readonly failure: GatewayError
  readonly again: Again
}

/** The turns of one group in one exchange: decide, admit, attempt, and again while that may mend a failure. */
export class GroupTurns {
  readonly #asked: Asked
  readonly #around: Surroundings
  readonly #request: RequestFacts
  readonly #tried = new Set<Deployment>()
  readonly #spent = new Set<Deployment>()
  #first: GatewayError | undefined
  /** Has something left, and too little for this request. */
  #refusing: Gate | undefined
  #last: Failed | undefined
  /** In the priority class that is being tried. */
  #retries = 0
  /** Until the limit of the last one is over: its turn has been granted. */
  #hasWaited = false

  constructor(asked: Asked, around: Surroundings) {
    this.#asked = asked
    this.#around = around
    const { endpoint, serving } = around.exchange
    this.#request = describeRequest(asked.group, serving.module.router, {
      endpoint: endpoint.name,
      model: asked.model,
      tenant: flowOf(around.exchange),
      // A parser's work, for those alone that choose by it.
      get fields() {
        return asked.request.fields
      },
      tags: asked.controls.tags,
    })
  }

  /** Until one answers. Rejects with the first failure once nothing is left to try. */
  async run(): Promise<void> {
    for (;;) {
      requireCaller(this.#around)
      const choice = this.#choose()
      if (choice === undefined) await this.#waitOutLimit()
      if (choice === undefined || !(await this.#mayTry(choice))) continue
      const { deployment } = choice
      const admission = await this.#admit(deployment)
      if (admission === 'none') continue
      try {
        await attempt(deployment, this.#asked, this.#around, admission)
        return
      } catch (thrown) {
        this.learn(deployment, toGatewayError(thrown))
      }
    }
  }

  /** Takes note of a failed attempt. Throws where neither a retry nor another class may mend it. */
  learn(deployment: Deployment, failure: GatewayError): void {
    const { exchange, rooms } = this.#around
    const { group, controls } = this.#asked
    const past = {
      retries: this.#retries,
      billed: exchange.billed,
      hasAnswerBegun: exchange.hasAnswerBegun,
      hasOthers: group.deployments.length > 1,
      leftMs: exchange.deadlineAt - rooms.now(),
    }
    const { router } = exchange.serving.module
    const settings = retrySettingsOf(controls.numRetries, group.name, deployment.params, router)
    const again = judgeFailure(failure, past, settings)
    if (mayHaveBilled(failure, past.hasAnswerBegun)) exchange.billed += 1
    this.#first ??= failure
    this.#last = { deployment, failure, again }
    this.#tried.add(deployment)
    if (again === 'elsewhere') this.#spent.add(deployment)
    if (again === 'no' && !mayGoOn(failure)) throw isEnd(failure) ? failure : this.#first
  }

  /** Undefined: nothing may be asked now, and waiting is worth while. */
  #choose(): Choice | undefined {
    const { exchange, rooms } = this.#around
    const { group } = this.#asked
    const now = rooms.now()
    const input = createInput(group, exchange.serving.module.router, this.#request, {
      now,
      seed: Math.floor(rooms.random() * 2 ** 32),
      isStream: exchange.isStream,
      tried: this.#tried,
      spent: this.#spent,
    })
    const decision = decide(input)
    const atMs = now - exchange.startedAt
    exchange.requireTrace().decisions.push({ group: group.name, atMs, input, decision })
    const deployment = group.deployments[decision.order[0] ?? -1]
    if (deployment && decision.isLastResort) this.#spareResting(input)
    if (deployment) return { deployment, isLastResort: decision.isLastResort }
    if (this.#isLimitWorthWaiting()) return undefined
    if (this.#refusing) this.#first ??= tooLittleLeft(group.name, this.#refusing.report(now))
    throw this.#first ?? nothingLeft(group, input, decision)
  }

  // Whoever waits for a server that is down anyway, while another model could answer, waits for nothing.
  #spareResting({ candidates }: DecisionInput): void {
    if (this.#asked.isRestBroken || this.#tried.size > 0) return
    const { group, isLastGroup } = this.#asked
    const restMs = Math.min(...candidates.map(({ coolingMs }) => coolingMs))
    const failure = new GatewayError(
      'no_deployment_available',
      `Every server behind the model ${group.name} rests after failures.`,
      { retryAfterSeconds: Math.max(1, Math.ceil(restMs / 1000)) },
    )
    if (!isLastGroup || this.#hasFallbacks(failure)) throw failure
  }

  #hasFallbacks(failure: GatewayError): boolean {
    const { group, model, controls } = this.#asked
    const { router } = this.#around.exchange.serving.module
    return fallbacksOf([model, group.name], failure, router, controls).length > 0
  }

  // A server that says when it takes more is waited for where nothing else can answer.
  #isLimitWorthWaiting(): boolean {
    const { isLastGroup } = this.#asked
    if (this.#hasWaited || !isLastGroup || this.#last?.again !== 'anywhere') return false
    const { failure } = this.#last
    if (failure.code !== 'upstream_rate_limited' || !failure.retryAfterSeconds) return false
    return !this.#hasFallbacks(failure)
  }

  async #waitOutLimit(): Promise<void> {
    const last = this.#last
    const retry = last && { ...last, isOtherAwake: false, retries: this.#retries }
    if (retry && !(await readyToRetry(retry, this.#asked, this.#around)))
      throw this.#first ?? retry.failure
    this.#countRetry()
    this.#hasWaited = true
  }

  #countRetry(): void {
    this.#retries += 1
    this.#around.exchange.retries += 1
  }

  /** False: the class of the last failure is through, decide again. */
  async #mayTry({ deployment, isLastResort }: Choice): Promise<boolean> {
    const last = this.#last
    if (!last || this.#hasWaited) {
      this.#hasWaited = false
      return true
    }
    if (deployment.params.order !== last.deployment.params.order) {
      if (!mayGoOn(last.failure)) throw this.#first ?? last.failure
      this.#leaveClass(last.deployment)
      this.#retries = 0
      return true
    }
    const isOtherAwake = deployment !== last.deployment && !isLastResort
    const retry = { ...last, isOtherAwake, retries: this.#retries }
    if (last.again === 'no' || !(await readyToRetry(retry, this.#asked, this.#around))) {
      this.#leaveClass(last.deployment)
      return false
    }
    this.#countRetry()
    return true
  }

  #leaveClass({ params }: Deployment): void {
    for (const deployment of this.#asked.group.deployments) {
      if (deployment.params.order === params.order) this.#spent.add(deployment)
    }
  }

  /** `none`: it has no place for this request after all. Undefined: it needs none. */
  async #admit(deployment: Deployment): Promise<GateAdmission | undefined | 'none'> {
    const { gate } = deployment
    if (gate === undefined) return undefined
    try {
      const promptTokens = boundPromptTokens(this.#asked.request.fields)
      const admission = await admit({ deployment, gate, promptTokens }, this.#asked, this.#around)
      if (admission) return admission
      // What it shows now says so; a second time it is not asked, whatever it shows.
      if (this.#tried.has(deployment)) {
        this.#spent.add(deployment)
        this.#refusing = gate
      }
    } catch (thrown) {
      const failure = toGatewayError(thrown)
      if (failure.code !== 'queue_full') throw failure
      this.#first ??= failure
      this.#spent.add(deployment)
    }
    this.#tried.add(deployment)
    return 'none'
  }
}

function mayGoOn({ kind, isFinal }: GatewayError): boolean {
  return kind.next && !isFinal
}

// What ended the exchange is what its caller hears of, whatever failed before.
function isEnd({ code, isFinal }: GatewayError): boolean {
  return isFinal || code === 'caller_gone' || code === 'caller_deadline' || code === 'shutting_down'
}
