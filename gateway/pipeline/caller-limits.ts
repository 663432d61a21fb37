import { noteInJournal } from '../accounting/note-in-journal.ts'
import { costCeiling } from '../accounting/cost-ceiling.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { CallerAdmission, CallerAsk } from '../limits/caller-gate.ts'
import { servedBy } from '../providers/served.ts'
import type { Deployment } from '../routing/deployment.ts'
import { boundPromptTokens } from '../routing/prompt-tokens.ts'
import type { ModelGroup, Route } from '../routing/router.ts'
import { fillWildcard } from '../routing/wildcard.ts'
import type { Asked, Surroundings } from './attempt.ts'
import { hold, release } from './under-way.ts'
import type { Request } from './walk.ts'
import { isWriter, mostAnswerTokens, thoughtsOnTop } from './worst-case.ts'

/**
 * Takes the exchange's place in every limit of its caller, before anything is sent: at once where it can, else a
 * promise. Refused as the gate says.
 */
export function admitCaller(
  route: Route,
  request: Request,
  around: Surroundings,
): undefined | Promise<void> {
  const { exchange, rooms } = around
  const { caller, serving, endUser } = exchange
  const customer = endUser === undefined ? undefined : rooms.findCustomer(endUser)
  if (customer?.isBlocked) throw blocked(customer.label)
  const gate = rooms.callerGate(caller.access, serving.module, customer?.holder)
  if (gate === undefined) return undefined
  const [group] = route
  const model = group.asked ?? group.name
  exchange.isBounded = gate.isBounding(model, exchange.model)
  // Until it is admitted: what its caller is told with a refusal.
  exchange.admission = new NotAdmitted(() => gate.headers(model, exchange.model))
  const admitted = gate.admit({
    id: exchange.id,
    model,
    asked: exchange.model,
    ...(exchange.isBounded ? worstCase(group, request, around) : nothing),
    patienceMs: Math.max(0, exchange.deadlineAt - rooms.now()),
  })
  if (admitted instanceof Promise) return waitFor(admitted, around)
  exchange.admission = admitted
  noteHolds(around)
  return undefined
}

function blocked(label: string): GatewayError {
  const message = `The ${label}, whom this request is for, is blocked. Ask whoever manages customers.`
  return new GatewayError('route_not_allowed', message, { param: 'user' })
}

/** Before a further attempt: it must be held too, beside what those before it may have cost. */
export function coverAttempt(
  deployment: Deployment,
  asked: Asked,
  around: Surroundings,
): undefined | Promise<void> {
  const { exchange } = around
  if (!exchange.isBounded) return undefined
  const { nano } = worstCaseOf(deployment, asked.group, promptTokensOf(asked), asked, around)
  const covering = exchange.admission?.cover((exchange.earlier?.total ?? 0) + nano)
  return covering?.then(() => noteHolds(around))
}

type WorstCase = Pick<CallerAsk, 'tokens' | 'nano'>

const nothing: WorstCase = { tokens: 0, nano: 0 }

/** The most that a first attempt may use, whichever deployment of the group it goes to. */
function worstCase(group: ModelGroup, request: Request, around: Surroundings): WorstCase {
  const promptTokens = promptTokensOf(request)
  let { tokens, nano } = nothing
  for (const deployment of group.deployments) {
    const one = worstCaseOf(deployment, group, promptTokens, request, around)
    tokens = Math.max(tokens, one.tokens)
    nano = Math.max(nano, one.nano)
  }
  return { tokens, nano }
}

function promptTokensOf({ request }: Pick<Request, 'request'>): number {
  return boundPromptTokens(request.fields)
}

function worstCaseOf(
  deployment: Deployment,
  group: ModelGroup,
  promptTokens: number,
  { request, model, headers }: Pick<Request, 'request' | 'model' | 'headers'>,
  { exchange }: Surroundings,
): WorstCase {
  const { name: endpoint } = exchange.endpoint
  const { provider, target, pricing, timeouts } = deployment
  const served = servedBy(provider, endpoint, target)
  if (!served) return nothing
  const { fields } = request
  const { general } = exchange.serving.module
  const isTranslated = served.isOverChat || served.translation.kind !== 'pass-through'
  const bound = { endpoint, defaultMost: general.defaultMaxTokens }
  const answerTokens = isWriter(endpoint)
    ? mostAnswerTokens(fields, deployment, bound) + (isTranslated ? thoughtsOnTop(fields) : 0)
    : 0
  const isCounted = isWriter(endpoint) || endpoint === 'embeddings'
  const length = Number(headers['content-length'])
  const nano = pricing
    ? costCeiling(pricing, fillWildcard(target.model, group, model), {
        endpoint,
        fields,
        promptTokens,
        answerTokens,
        fileBytes: request.kind === 'json' ? 0 : length || general.maxUploadBytes,
        longestMs: (exchange.isStream && timeouts.streamMs) || timeouts.totalMs,
      })
    : 0
  return { tokens: isCounted ? promptTokens + answerTokens : 0, nano }
}

/** Waits for the ledger; who leaves meanwhile has nothing held for it. */
export async function waitFor(
  admitted: Promise<CallerAdmission>,
  around: Surroundings,
): Promise<void> {
  let place = 0
  let hasLeft = false
  try {
    around.exchange.admission = await new Promise<CallerAdmission>((resolve, reject) => {
      const leave = (error: Error): void => {
        hasLeft = true
        reject(error)
      }
      place = hold({ fail: leave }, around)
      admitted.then((admission) => {
        if (hasLeft) admission.settle({ tokens: 0, nano: 0, wasSent: false })
        resolve(admission)
      }, reject)
    })
  } finally {
    release(place, around)
  }
  noteHolds(around)
}

/** What is held is written down before anything is sent on it. */
export function noteHolds({ exchange, rooms }: Surroundings): void {
  noteInJournal(exchange, rooms.journal)
}

/** A request that holds nothing. */
class NotAdmitted implements CallerAdmission {
  readonly headers: () => readonly string[]

  constructor(headers: () => readonly string[]) {
    this.headers = headers
  }

  cover(): undefined {
    return undefined
  }

  holds(): readonly [] {
    return []
  }

  shares(): readonly [] {
    return []
  }

  settle(): void {
    // Nothing was taken.
  }
}
