import type { Gate, GateAdmission, Waiting } from '../limits/gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Asked, Surroundings } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { hold, release, requireCaller } from './under-way.ts'
import { isWriter, mostAnswerTokens } from './worst-case.ts'

/** A place is asked for in the quotas and slots of this deployment. */
export interface Entry {
  readonly deployment: Deployment
  readonly gate: Gate
  /** Of the prompt, from above. */
  readonly promptTokens: number
}

/**
 * Takes a place, waiting for it where there is a queue. Undefined: a quota is used up after all. Rejects with
 * `queue_full`, and as soon as nobody waits for the answer any more.
 */
export async function admit(
  { deployment, gate, promptTokens }: Entry,
  asked: Asked,
  around: Surroundings,
): Promise<GateAdmission | undefined> {
  requireCaller(around)
  const { exchange, rooms } = around
  const now = rooms.now()
  const { name: endpoint } = exchange.endpoint
  const answerTokens = isWriter(endpoint)
    ? mostAnswerTokens(asked.request.fields, deployment, { endpoint })
    : 0
  const ask = {
    flow: flowOf(exchange),
    weight: exchange.caller.access?.queueWeight,
    tokens: promptTokens + answerTokens,
    patienceMs: Math.max(0, exchange.deadlineAt - now),
  }
  const entry = gate.admit(ask, now)
  const admission = 'admitted' in entry ? await waitFor(entry, around) : entry
  if (admission) {
    exchange.queuedMs = (exchange.queuedMs ?? 0) + admission.queuedMs
    exchange.queuePosition = admission.queuePosition
  }
  return admission
}

/** Waits for a place; leaves the queue as soon as nobody waits for the answer any more. */
export async function waitFor(
  waiting: Waiting,
  around: Surroundings,
): Promise<GateAdmission | undefined> {
  let place = 0
  let isLeft = false
  try {
    return await new Promise<GateAdmission | undefined>((resolve, reject) => {
      const leave = (error: Error): void => {
        isLeft = true
        waiting.leave()
        reject(error)
      }
      place = hold({ fail: leave }, around)
      waiting.admitted.then((admission) => {
        // A place given in the very moment of leaving goes back.
        if (isLeft) admission?.end(undefined, false)
        resolve(admission)
      }, reject)
    })
  } finally {
    release(place, around)
  }
}

const longestFlow = 128

/** Whose turn it is in a queue: a key's; of the master key's callers, the end user's whom they name. */
export function flowOf({ caller, endUser }: Pick<Exchange, 'caller' | 'endUser'>): string {
  if (!caller.isMaster || endUser === undefined) return caller.id
  return `${caller.id}/${endUser.slice(0, longestFlow)}`
}
