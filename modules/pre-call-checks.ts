import type { FaultList } from './fault-list.ts'
import { nearestNames } from './nearest-name.ts'
import { hasPlaceholder } from './placeholders.ts'

const enforceRates = 'enforce_model_rate_limits'

/** Checks of LiteLLM's that are not made here, and what is lost. */
const lost: Readonly<Record<string, string>> = {
  prompt_caching: 'write routing_strategy: prefix-affinity, which sends like prompts to one server',
  router_budget_limiting: 'spend of a deployment is not bounded',
  responses_api_deployment_check: 'a response is not continued where it began',
  session_affinity: 'a session is not kept at one deployment',
  deployment_affinity: 'a caller is not kept at one deployment',
  encrypted_content_affinity: 'a response is not continued where it began',
  forward_client_headers_by_model_group: "callers' headers are not passed on",
}

/** Whether rpm, tpm, rpd and tpd are limits; says what becomes of the other checks. */
export function areRatesEnforced(checks: readonly string[], faults: FaultList): boolean {
  for (const [index, check] of checks.entries()) {
    if (check === enforceRates || hasPlaceholder(check)) continue
    const loss = Object.hasOwn(lost, check) ? lost[check] : undefined
    const [near] = nearestNames(check, [enforceRates, ...Object.keys(lost)], 1)
    const hint = near === undefined ? '' : `, did you mean ${near}?`
    faults.warning(
      ['router_settings', 'optional_pre_call_checks', index],
      loss === undefined ? `unknown check, ignored${hint}` : `not acted on: ${loss}`,
    )
  }
  return checks.includes(enforceRates)
}
