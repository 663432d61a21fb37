import type { Provider } from '../providers/provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import type { Surroundings } from './attempt.ts'
import { deploymentOf, type OwnPath } from './pass-own-target.ts'
import { passPath, requirePlainPath } from './pass-path.ts'
import { findPassTarget, modelIn, requirePrice } from './pass-target.ts'

/** Behind a provider's name, or behind a path of the operator's own. */
export type PassRoute =
  | {
      readonly kind: 'provider'
      /** As it stands in the path. */
      readonly name: string
      readonly provider: Provider
      /** Behind the name, still encoded. */
      readonly rest: string
    }
  | ({ readonly kind: 'own' } & OwnPath)

/** Where a request goes. */
export interface Destination {
  readonly deployment: Deployment
  /** With what the deployment has of a query. */
  readonly path: string
  /** What its price goes by; undefined: none is to be seen. */
  readonly model: string | undefined
  /** Whether it is this request that is paid for. */
  readonly isPaid: boolean
}

/** Where a request goes, and what it is paid by. Throws what stands against it. */
export function destinationOf(
  route: PassRoute,
  method: string,
  said: unknown,
  { exchange, rooms }: Surroundings,
): Destination {
  if (route.kind === 'own') {
    requirePlainPath(route.rest)
    const { target, rest } = route
    const deployment = deploymentOf(target, exchange.serving.module, rooms)
    const { search } = new URL(target.target)
    const path = (deployment.basePath + rest || '/') + search
    return { deployment, path, model: target.path, isPaid: true }
  }
  const model = modelIn(said, route.rest)
  const deployment = findPassTarget(route.name, route.provider, model, { exchange, rooms })
  requirePrice(deployment, model)
  const path = passPath(route.rest, deployment.basePath)
  // What is asked for again, a run or an answer that is kept, tells its usage each time.
  return { deployment, path, model, isPaid: method === 'POST' }
}
