import { isObject } from '../../modules/json-object.ts'
import { costOf } from '../accounting/cost.ts'
import { toDollars } from '../accounting/money.ts'
import { readUsage } from '../accounting/read-usage.ts'
import type { Usage } from '../accounting/usage.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Serving } from '../pipeline/serving.ts'
import { estimatePromptTokens } from '../routing/prompt-tokens.ts'

/**
 * `POST /spend/calculate`: what a request costs that is described by `model` and `messages`, or by the
 * `completion_response` it got. The prompt is estimated, its answer not counted, where only messages are given.
 */
export function calculateCost(body: unknown, { router }: Serving): { cost: number } {
  const fields = isObject(body) ? body : {}
  const answer = fields['completion_response']
  const model = fields['model'] ?? (isObject(answer) ? answer['model'] : undefined)
  if (typeof model !== 'string' || model === '') {
    throw new GatewayError(
      'invalid_request',
      'Expected model and messages, or completion_response.',
      { param: 'model' },
    )
  }
  const deployment = router.route(model)[0].deployments.find(({ pricing }) => pricing)
  const usage = usageOf(fields, answer)
  const price =
    deployment?.pricing?.price ??
    deployment?.pricing?.of(deployment.target.model, usage.answeredModel)
  if (!price) {
    throw new GatewayError(
      'invalid_request',
      `Nobody knows the price of ${model}: give it one in its module file, such as input_cost_per_token.`,
      { param: 'model' },
    )
  }
  if (price.isFree) return { cost: 0 }
  return { cost: toDollars(costOf(price, usage, { secondsOf: 'call', callSeconds: 0 }).total) }
}

function usageOf(fields: Readonly<Record<string, unknown>>, answer: unknown): Usage {
  if (isObject(answer)) return readUsage(answer) ?? {}
  if (fields['messages'] !== undefined || fields['prompt'] !== undefined)
    return { promptTokens: estimatePromptTokens(fields), completionTokens: 0 }
  throw new GatewayError(
    'invalid_request',
    'Expected messages, prompt or completion_response beside model.',
    { param: 'messages' },
  )
}
