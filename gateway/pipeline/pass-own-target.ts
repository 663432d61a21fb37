import type { DeploymentParams, Module, PassTarget } from '../../modules/module.ts'
import type { Provider } from '../providers/provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import { Health } from '../routing/health.ts'
import type { Rooms } from './rooms.ts'

/** Nobody's dialect: what is passed there has no words of ours. */
const nobodys: Provider = {
  name: 'pass-through',
  keyVariables: [],
  isKeyNeeded: false,
  endpoints: {},
  modelList: { path: '', namesIn: () => [] },
}

/** What a path of the operator's own leads to. */
export interface OwnPath {
  readonly target: PassTarget
  /** Behind the path, still encoded; empty: nothing. */
  readonly rest: string
}

/** The entry of `pass_through_endpoints` that a path is for: the longest that fits. */
export function findOwnPath(path: string, { general }: Module): OwnPath | undefined {
  const fitting = (general.passTargets ?? []).filter(
    (target) =>
      path === target.path || (target.isWithSubpath && path.startsWith(`${target.path}/`)),
  )
  const [target] = fitting.toSorted((a, b) => b.path.length - a.path.length)
  return target && { target, rest: path.slice(target.path.length) }
}

const kept = new WeakMap<PassTarget, Deployment>()

/** A target as a place that can be called. */
export function deploymentOf(target: PassTarget, module: Module, rooms: Rooms): Deployment {
  const known = kept.get(target)
  if (known) return known
  const made = createDeployment(target, module, rooms)
  kept.set(target, made)
  return made
}

function createDeployment(entry: PassTarget, { router, prices }: Module, rooms: Rooms): Deployment {
  const { path, target, headers, costPerRequest, timeoutMs = router.timeoutMs } = entry
  const { origin, host, hostname, pathname } = new URL(target)
  const params: DeploymentParams = {
    model: path,
    additionalDropParams: [],
    extraHeaders: headers,
    extraBody: {},
    defaults: {},
    ...(costPerRequest !== undefined && { prices: { input_cost_per_request: costPerRequest } }),
  }
  const ask = { params, provider: nobodys.name, model: path, hostname, settings: prices }
  return {
    id: `pass-through:${path}`,
    modelName: path,
    provider: nobodys,
    target: { model: path, params },
    origin,
    basePath: pathname.replace(/\/$/, ''),
    headers: Object.entries(headers).flat(),
    secrets: [host, ...secretsIn(headers)],
    params,
    info: {},
    timeouts: {
      connectMs: router.connectTimeoutMs,
      totalMs: timeoutMs,
      firstByteMs: timeoutMs,
      idleMs: router.chunkTimeoutMs ?? timeoutMs,
      streamMs: router.totalTimeoutMs ?? 0,
    },
    health: new Health(),
    ...(costPerRequest !== undefined && { pricing: rooms.pricingOf(ask) }),
  }
}

/** Keys among headers, with and without the word before them. */
function secretsIn(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .filter(([name]) => /auth|key|token|secret/.test(name))
    .flatMap(([, value]) => [value, ...value.split(' ').slice(1)])
    .filter((value) => value.length >= 8)
}
