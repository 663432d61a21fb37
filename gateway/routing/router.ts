import type { Module } from '../../modules/module.ts'
import { inferProvider } from '../providers/infer-provider.ts'
import type { Deployment } from './deployment.ts'
import { modelNotFound } from './model-not-found.ts'
import { createPatterns, type Pattern } from './wildcard.ts'

/** All deployments behind one asked name. */
export interface ModelGroup {
  /** Bounded, fit for a metric label: the name, or the pattern that took it. */
  readonly name: string
  readonly deployments: readonly Deployment[]
  /** What the stars of a pattern caught, left to right. */
  readonly captures: readonly string[]
  /** The name that found it, where that is not its own. */
  readonly asked?: string
}

/** Groups in the order they are tried: several where an alias names several. */
export type Route = readonly [ModelGroup, ...ModelGroup[]]

export interface ListedModel {
  readonly id: string
  readonly info: Readonly<Record<string, unknown>>
}

/** Knows which deployments stand behind which name. */
export interface Router {
  /**
   * The groups of a name: a deployment's id, an alias, a model, the most specific pattern, `*`, the upstream's own
   * name of a model, and for a name that is none of these the first default fallback. Throws `model_not_found`
   * with the nearest names.
   */
  route(model: string): Route
  /** The same, and undefined where nothing is found. A default fallback does not count: for fallbacks themselves. */
  find(model: string): Route | undefined
  /** Public names, aliases first, hidden ones left out. */
  readonly listed: readonly ListedModel[]
  readonly deployments: readonly Deployment[]
}

export function createRouter(module: Module, deployments: readonly Deployment[]): Router {
  const groups = groupBy(deployments, ({ modelName }) => modelName)
  const { aliases, fallbacks } = module.router
  const patterns = createPatterns(groups)
  const upstreamNames = groupByUpstreamName(deployments)
  const star = groups.get('*')
  const findUnwritten = (name: string): Route | undefined => {
    const group =
      findByPattern(patterns, name) ?? (star && { ...star, captures: [name], asked: name })
    return group ? [group] : upstreamNames.get(name)
  }
  const written = writtenRoutes({ deployments, groups, aliases, findUnwritten })
  const find = (name: string): Route | undefined => written.get(name) ?? findUnwritten(name)
  const [lastResort] = fallbacks['*'] ?? []
  const otherwise = lastResort === undefined ? undefined : find(lastResort)
  const listed = listModels(aliases, groups, written)
  return {
    listed,
    deployments,
    find,
    route(model) {
      const found = written.get(model) ?? findUnwritten(model) ?? otherwise
      if (found) return found
      throw modelNotFound(model, listed)
    },
  }
}

type Aliases = Module['router']['aliases']
type Groups = ReadonlyMap<string, ModelGroup>

interface Names {
  readonly deployments: readonly Deployment[]
  readonly groups: Groups
  readonly aliases: Aliases
  readonly findUnwritten: (name: string) => Route | undefined
}

/** The routes of every name that is written down, in LiteLLM's order: id, alias, model. Made once, looked up ever after. */
function writtenRoutes({ deployments, groups, aliases, findUnwritten }: Names): Map<string, Route> {
  const routes = new Map<string, Route>()
  for (const [name, group] of groups) if (!name.includes('*')) routes.set(name, [group])
  const models = new Map(routes)
  const groupsOf = (name: string, seen: readonly string[]): readonly ModelGroup[] => {
    const isAlias = Object.hasOwn(aliases, name) && !seen.includes(name)
    const alias = isAlias ? aliases[name] : undefined
    if (alias) return alias.models.flatMap((model) => groupsOf(model, [...seen, name]))
    return models.get(name) ?? findUnwritten(name) ?? []
  }
  for (const name of Object.keys(aliases)) {
    const [first, ...others] = new Set(groupsOf(name, []))
    if (first) routes.set(name, [first, ...others])
  }
  for (const deployment of deployments) {
    const { id, modelName } = deployment
    // An id that repeats its model's name was meant as that name: the others of the group are not cut off.
    if (id === modelName) continue
    routes.set(id, [{ name: modelName, deployments: [deployment], captures: [] }])
  }
  return routes
}

function groupBy(
  deployments: readonly Deployment[],
  nameOf: (deployment: Deployment) => string,
): Map<string, ModelGroup> {
  const groups = new Map<string, ModelGroup>()
  for (const [name, members] of Map.groupBy(deployments, nameOf))
    groups.set(name, { name, deployments: members, captures: [] })
  return groups
}

/** `openai/gpt-4o` as `litellm_params` has it: its deployments, by the model they stand behind. */
function groupByUpstreamName(deployments: readonly Deployment[]): Map<string, Route> {
  const routes = new Map<string, Route>()
  for (const [name, members] of Map.groupBy(deployments, ({ params }) => params.model)) {
    const [first, ...others] = groupBy(members, ({ modelName }) => modelName).values()
    if (first && !name.includes('*')) routes.set(name, [first, ...others])
  }
  return routes
}

/** A pattern that takes the name, else one that takes it with the provider it is known to come from. */
function findByPattern(patterns: readonly Pattern[], model: string): ModelGroup | undefined {
  if (patterns.length === 0) return undefined
  const found = firstMatch(patterns, model, model)
  if (found || model.includes('/')) return found
  const provider = inferProvider(model)
  return provider === undefined ? undefined : firstMatch(patterns, `${provider}/${model}`, model)
}

function firstMatch(
  patterns: readonly Pattern[],
  name: string,
  asked: string,
): ModelGroup | undefined {
  for (const pattern of patterns) {
    const captures = pattern.match(name)
    if (captures) return { ...pattern.group, captures, asked }
  }
  return undefined
}

function listModels(aliases: Aliases, groups: Groups, written: Map<string, Route>): ListedModel[] {
  const infoOf = (name: string) =>
    (written.get(name)?.[0] ?? groups.get(name))?.deployments[0]?.info ?? {}
  const shown = Object.keys(aliases).filter((name) => !aliases[name]?.isHidden && written.has(name))
  return [...new Set([...shown, ...groups.keys()])].map((id) => ({ id, info: infoOf(id) }))
}
