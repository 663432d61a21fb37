import type { RouterSettings } from '../../modules/module.ts'
import type { CandidateTraits, Capability, DecisionRules, StrategyName } from './decision.ts'
import { unknownTokenCost } from './cheapest.ts'
import type { Deployment } from './deployment.ts'
import { digest } from './dice.ts'
import { respectsRates } from './obstacles.ts'

/** What decisions about a group have in common for as long as the document stands. */
export interface GroupPlan {
  readonly router: RouterSettings
  readonly strategy: StrategyName
  readonly rules: DecisionRules
  /** By the index of the deployment. */
  readonly traits: readonly CandidateTraits[]
  /** What has to be looked for in a request, because a candidate may be passed over for it. */
  readonly looksFor: {
    readonly needs: readonly Capability[]
    readonly promptTokens: boolean
    readonly tags: boolean
    readonly affinity: boolean
  }
  /** Nothing has. */
  readonly isBlind: boolean
}

// A request for a wildcard gets a group object of its own, but the deployments are the same list.
const plans = new WeakMap<readonly Deployment[], GroupPlan>()

/** The plan of a group, made when its first request comes. */
export function planOf(deployments: readonly Deployment[], router: RouterSettings): GroupPlan {
  const known = plans.get(deployments)
  if (known?.router === router) return known
  const plan = createPlan(deployments, router)
  plans.set(deployments, plan)
  return plan
}

function createPlan(deployments: readonly Deployment[], router: RouterSettings): GroupPlan {
  const strategy = router.strategy ?? 'peak-ewma'
  const { isTagFiltering, isTagMatchAny, arePreCallChecksOn, areRatesEnforced } = router
  const { latencyBuffer } = router
  const traits = deployments.map(traitsOf)
  const areRatesLimits = areRatesEnforced || respectsRates(strategy)
  const looksFor = {
    needs: [...new Set(traits.flatMap(({ lacks }) => lacks))],
    promptTokens:
      (arePreCallChecksOn && traits.some(({ maxInputTokens }) => maxInputTokens !== undefined)) ||
      (areRatesLimits && traits.some(({ tpm }) => tpm !== undefined)),
    tags: isTagFiltering,
    affinity: strategy === 'prefix-affinity' && deployments.length > 1,
  }
  const { needs, promptTokens, tags, affinity } = looksFor
  return {
    router,
    strategy,
    rules: { isTagFiltering, isTagMatchAny, arePreCallChecksOn, areRatesEnforced, latencyBuffer },
    traits,
    looksFor,
    isBlind: needs.length === 0 && !promptTokens && !tags && !affinity,
  }
}

function traitsOf({ id, params, info, pricing }: Deployment): CandidateTraits {
  const { order, weight, rpm, tpm, tags } = params
  return {
    id,
    order,
    weight,
    rpm,
    tpm,
    lacks: lackedBy(info),
    maxInputTokens: positive(info['max_input_tokens']),
    tags: tags ?? [],
    cost: costOf(params) ?? pricing?.tokenCost,
    place: digest(id),
  }
}

const switches: readonly (readonly [key: string, Capability])[] = [
  ['supports_vision', 'vision'],
  ['supports_function_calling', 'tools'],
  ['supports_response_schema', 'response-schema'],
  ['supports_audio_input', 'audio-input'],
  ['supports_pdf_input', 'pdf-input'],
]

// Only what is denied is lacking: most files say nothing of what a model can.
function lackedBy(info: Deployment['info']): Capability[] {
  return switches.flatMap(([key, capability]) => (info[key] === false ? [capability] : []))
}

function costOf({ inputCostPerToken, outputCostPerToken }: Deployment['params']) {
  if (inputCostPerToken === undefined && outputCostPerToken === undefined) return undefined
  return (inputCostPerToken ?? unknownTokenCost) + (outputCostPerToken ?? unknownTokenCost)
}

function positive(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && number > 0 ? number : undefined
}
