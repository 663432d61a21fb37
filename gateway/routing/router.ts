import { nearestNames } from '../../modules/nearest-name.ts'
import type { Module } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Deployment } from './deployment.ts'
import { createPatterns, type Pattern } from './wildcard.ts'

/** All deployments behind one asked name. */
export interface ModelGroup {
  /** Bounded, fit for a metric label: the name, or the pattern that took it. */
  readonly name: string
  readonly deployments: readonly Deployment[]
  /** What the stars of a pattern caught, left to right. */
  readonly captures: readonly string[]
}

export interface ListedModel {
  readonly id: string
  readonly info: Readonly<Record<string, unknown>>
}

/** Knows which deployments stand behind which name. */
export interface Router {
  /** The group of a name, then those that its alias names after it. Throws `model_not_found` with the nearest names. */
  route(model: string): Route
  /** Public names, aliases first, hidden ones left out. */
  readonly listed: readonly ListedModel[]
  readonly deployments: readonly Deployment[]
}

export function createRouter(module: Module, deployments: readonly Deployment[]): Router {
  const groups = groupByName(deployments)
  const patterns = createPatterns(groups)
  const aliases = new Map(Object.entries(module.router.aliases))
  const listed = listModels(aliases, groups)
  const find = (name: string): ModelGroup | undefined =>
    groups.get(name) ?? findByPattern(patterns, name) ?? groups.get('*')
  const routes = routesOf(groups, aliases, find)
  return {
    listed,
    deployments,
    route(model) {
      const known = routes.get(model)
      if (known) return known
      const found = find(model)
      if (found) return [found]
      throw modelNotFound(model, listed)
    },
  }
}

type Route = readonly [ModelGroup, ...ModelGroup[]]
type Aliases = Map<string, { readonly models: readonly string[]; readonly isHidden: boolean }>

/** The ways of every name that is written down; a model's own name goes before an alias. */
function routesOf(
  groups: ReadonlyMap<string, ModelGroup>,
  aliases: Aliases,
  find: (name: string) => ModelGroup | undefined,
): Map<string, Route> {
  const routes = new Map<string, Route>()
  for (const [name, { models }] of aliases) {
    const [first, ...others] = models.flatMap((model) => find(model) ?? [])
    if (first) routes.set(name, [first, ...others])
  }
  for (const [name, group] of groups) routes.set(name, [group])
  return routes
}

function groupByName(deployments: readonly Deployment[]): Map<string, ModelGroup> {
  const groups = new Map<string, ModelGroup>()
  for (const deployment of deployments) {
    const name = deployment.modelName
    const others = groups.get(name)?.deployments ?? []
    groups.set(name, { name, deployments: [...others, deployment], captures: [] })
  }
  return groups
}

function findByPattern(patterns: readonly Pattern[], model: string): ModelGroup | undefined {
  for (const pattern of patterns) {
    const captures = pattern.match(model)
    if (captures) return { ...pattern.group, captures }
  }
  return undefined
}

function listModels(aliases: Aliases, groups: Map<string, ModelGroup>): ListedModel[] {
  const listed: ListedModel[] = []
  const infoOf = (name: string) => groups.get(name)?.deployments[0]?.info ?? {}
  for (const [name, alias] of aliases) {
    const model = alias.models.find((one) => groups.has(one))
    if (!alias.isHidden && model !== undefined) listed.push({ id: name, info: infoOf(model) })
  }
  for (const name of groups.keys()) listed.push({ id: name, info: infoOf(name) })
  return listed
}

const longestShownName = 100

function modelNotFound(model: string, listed: readonly ListedModel[]): GatewayError {
  const names = listed.map(({ id }) => id)
  const near = nearestNames(model.slice(0, longestShownName), names, 3)
  const hint =
    near.length > 0
      ? `Did you mean ${near.join(' or ')}?`
      : names.length > 0
        ? `This module has ${names.slice(0, 20).join(', ')}.`
        : 'This module has no usable model; its log and /config/status say why.'
  const shown = model.length > longestShownName ? `${model.slice(0, longestShownName)}…` : model
  return new GatewayError(
    'model_not_found',
    `Invalid model name passed in model=${shown}. ${hint} \`GET /v1/models\` lists all.`,
    { param: 'model' },
  )
}
