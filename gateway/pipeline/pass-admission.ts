import { fieldOf, isObject } from '../../modules/json-object.ts'
import { costCeiling } from '../accounting/cost-ceiling.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { GateAdmission } from '../limits/gate.ts'
import type { Deployment } from '../routing/deployment.ts'
import { flowOf, waitFor } from './admission.ts'
import type { Surroundings } from './attempt.ts'
import { noteHolds, waitFor as waitForLedger } from './caller-limits.ts'

const bytesPerToken = 3

/** A place in the quotas and slots of a deployment, for what goes there untranslated too; undefined: nothing bounds it. */
export async function admitPassed(
  { gate, modelName }: Deployment,
  bodyBytes: number,
  around: Surroundings,
): Promise<GateAdmission | undefined> {
  if (!gate) return undefined
  const { exchange, rooms } = around
  const ask = {
    flow: flowOf(exchange),
    weight: exchange.caller.access?.queueWeight,
    tokens: Math.ceil(bodyBytes / bytesPerToken),
    patienceMs: Math.max(0, exchange.deadlineAt - rooms.now()),
  }
  const entry = gate.admit(ask, rooms.now())
  const admission = 'admitted' in entry ? await waitFor(entry, around) : entry
  if (admission) {
    exchange.queuedMs = admission.queuedMs
    exchange.queuePosition = admission.queuePosition
    return admission
  }
  throw new GatewayError(
    'rate_limit_exceeded',
    `The quota of ${modelName} is used up. Ask again later.`,
    { retryAfterSeconds: 60 },
  )
}

/**
 * Takes the exchange's place in the limits of its caller and of the module, as far as its use can be foreseen. Throws
 * `route_not_allowed` for a key that is limited in money or tokens: a batch tells neither.
 */
export async function admitPassingCaller(
  said: unknown,
  bodyBytes: number,
  deployment: Deployment,
  around: Surroundings,
): Promise<void> {
  const { exchange, rooms } = around
  const gate = rooms.callerGate(exchange.caller.access, exchange.serving.module)
  if (gate === undefined) return
  const { group: model, model: asked } = exchange
  exchange.isBounded = gate.isBounding(model, asked)
  if (exchange.isBounded && !exchange.caller.isMaster) throw unbounded()
  const admitted = gate.admit({
    id: exchange.id,
    model,
    asked,
    ...(exchange.isBounded
      ? worstCase(said, bodyBytes, deployment, around)
      : { tokens: 0, nano: 0 }),
    patienceMs: Math.max(0, exchange.deadlineAt - rooms.now()),
  })
  if (admitted instanceof Promise) return waitForLedger(admitted, around)
  exchange.admission = admitted
  noteHolds(around)
}

function unbounded(): GatewayError {
  return new GatewayError(
    'route_not_allowed',
    "A provider's own API is closed to keys that are limited in money or tokens, since not all of its paths tell what they use. Use one of the OpenAI endpoints, such as /v1/chat/completions.",
  )
}

// No token is shorter than a byte, whatever the dialect.
function worstCase(
  said: unknown,
  bodyBytes: number,
  { pricing, info, timeouts }: Deployment,
  { exchange }: Surroundings,
): { readonly tokens: number; readonly nano: number } {
  if (!isObject(said)) return { tokens: 0, nano: 0 }
  const known = info['max_output_tokens']
  const { defaultMaxTokens } = exchange.serving.module.general
  const most = maximumIn(said) ?? (typeof known === 'number' ? known : defaultMaxTokens)
  const nano = pricing
    ? costCeiling(pricing, exchange.upstreamModel, {
        endpoint: 'chat-completions',
        fields: {},
        promptTokens: bodyBytes,
        answerTokens: most,
        fileBytes: 0,
        longestMs: timeouts.totalMs,
      })
    : 0
  return { tokens: bodyBytes + most, nano }
}

/** Where the dialects say how long an answer may be. */
function maximumIn(said: Readonly<Record<string, unknown>>): number | undefined {
  const named = [
    said['max_tokens'],
    said['max_completion_tokens'],
    said['max_output_tokens'],
    fieldOf(said['generationConfig'], 'maxOutputTokens'),
    fieldOf(said['inferenceConfig'], 'maxTokens'),
    fieldOf(said['options'], 'num_predict'),
  ].filter((value) => typeof value === 'number' && value > 0)
  return named.length === 0 ? undefined : Math.max(...named.map(Number))
}
