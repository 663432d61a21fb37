import type { KeyAccess, ModelList } from '../auth/access.ts'
import { createNameMatcher } from '../../modules/name-pattern.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { inferProvider } from '../providers/infer-provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { ListedModel, ModelGroup, Router } from '../routing/router.ts'
import type { AskedFallbacks } from './asked-fallbacks.ts'

/** The model a key means by a name: its aliases come before all routing. */
export function meantBy(access: KeyAccess, model: string): string {
  return (Object.hasOwn(access.aliases, model) ? access.aliases[model] : undefined) ?? model
}

/**
 * Throws `model_not_allowed` where a key may not use a model, which stands behind these groups. What the groups fall
 * back to is the operator's choice; what the caller itself names as a fallback needs the right too.
 */
export function requireModel(
  access: KeyAccess,
  model: string,
  groups: readonly ModelGroup[],
): void {
  const list = access.modelLists.find((one) => !isWithin(one, model, groups))
  if (list === undefined) return
  const whose = list.of === 'key' ? `the key ${access.name}` : `its ${list.of}`
  throw new GatewayError(
    'model_not_allowed',
    `The requested model ${model.slice(0, 100)} is not available for this API key: ${whose} may use ${shown(list.models)}.`,
    { param: 'model' },
  )
}

/** Throws `model_not_allowed` for a model that a request names as a fallback, and its key may not use. */
export function requireFallbacks(access: KeyAccess, asked: AskedFallbacks, router: Router): void {
  if (access.modelLists.length === 0) return
  for (const table of [
    asked.fallbacks,
    asked.contextWindowFallbacks,
    asked.contentPolicyFallbacks,
  ]) {
    for (const { model } of [...(table?.values() ?? [])].flat()) {
      requireModel(access, model, router.find(model) ?? [])
    }
  }
}

/** Whether a key may ask for a model, or a listed pattern, of this module. */
export function mayAsk(access: KeyAccess, id: string, router: Router): boolean {
  const groups = router.find(id)
  return groups !== undefined && access.modelLists.every((list) => isWithin(list, id, groups))
}

/** Of the models that a module lists those a key may use, and those that it has names of its own for. */
export function modelsFor(access: KeyAccess, router: Router): readonly ListedModel[] {
  const may = (id: string): boolean => mayAsk(access, id, router)
  const listed = router.listed.filter(({ id }) => may(id))
  const named = [
    ...Object.keys(access.aliases).filter((name) => may(meantBy(access, name))),
    ...access.modelLists
      .flatMap(({ models }) => models)
      .filter((id) => may(id) && isName(id, router)),
  ]
  const known = new Set(listed.map(({ id }) => id))
  const more = new Set(named.filter((id) => !known.has(id)))
  const infoOf = (id: string) => router.find(meantBy(access, id))?.[0].deployments[0]?.info ?? {}
  return [...listed, ...[...more].map((id) => ({ id, info: infoOf(id) }))]
}

// An access group is no model, though a pattern for all names takes it for one.
function isName(id: string, router: Router): boolean {
  return !router.deployments.some((deployment) => accessGroupsOf(deployment).includes(id))
}

/** By the name that was asked, the groups that stand behind it, or the access groups of those. */
function isWithin({ models }: ModelList, model: string, groups: readonly ModelGroup[]): boolean {
  if (models.includes(model)) return true
  const stars = models.filter((name) => name.includes('*')).map(createNameMatcher)
  const isListed = (name: string): boolean =>
    models.includes(name) || stars.some((match) => match(name) !== undefined)
  if (isListed(model)) return true
  if (groups.length > 0 && groups.every((group) => isListed(group.name) || isOpen(group, models)))
    return true
  // As LiteLLM has it, `openai/*` covers `gpt-4o` too.
  const provider = stars.length === 0 || model.includes('/') ? undefined : inferProvider(model)
  return provider !== undefined && isListed(`${provider}/${model}`)
}

function isOpen({ deployments }: ModelGroup, names: readonly string[]): boolean {
  return deployments.some((one) => accessGroupsOf(one).some((group) => names.includes(group)))
}

function accessGroupsOf({ info }: Deployment): readonly string[] {
  const { access_groups: groups } = info
  return Array.isArray(groups) ? groups.filter((one: unknown) => typeof one === 'string') : []
}

const mostShown = 20

function shown(models: readonly string[]): string {
  if (models.length === 1 && models[0] === 'no-default-models') return 'none'
  const more = models.length > mostShown ? ` and ${models.length - mostShown} more` : ''
  return models.slice(0, mostShown).join(', ') + more
}
