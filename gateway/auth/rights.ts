import type { IncomingHttpHeaders } from 'node:http'

import { createNameMatcher } from '../../modules/name-pattern.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminRole, KeyAccess } from './access.ts'
import { authenticate, type Caller, type Keyring } from './keyring.ts'
import { modelRoutes, routeGroups } from './route-groups.ts'

/** Where a key is shown. */
export interface Use {
  /** Name of the module. */
  readonly module: string
  /** Asked path, without its query. */
  readonly path: string
}

/**
 * Who the caller is, where it may ask this path on this module. Rejects as `authenticate` does, and with
 * `route_not_allowed`. Whether its role suffices there is for the endpoint to say.
 */
export async function authenticateFor(
  headers: IncomingHttpHeaders,
  keyring: Keyring,
  use: Use,
): Promise<Caller> {
  const caller = await authenticate(headers, keyring)
  requireUse(caller, use)
  return caller
}

/** Throws `route_not_allowed` where a virtual key may not be used on this module, or not for this path. */
export function requireUse({ access }: Caller, { module, path }: Use): void {
  if (access === undefined) return
  if (access.modules.length > 0) requireModule(access, module)
  if (access.routes.length > 0) requireRoute(access, path)
}

/** What a caller may do beside asking models: the master key everything, and anybody where there are no keys. */
export function roleOf({ access }: Caller): AdminRole {
  return access === undefined ? 'admin' : access.role
}

/** Throws `route_not_allowed` for a virtual key that is neither an admin's nor a viewer's, unless it has the path. */
export function requireOverview(caller: Caller, path: string): void {
  if (roleOf(caller) !== 'none' || caller.access?.routes.includes(path)) return
  throw new GatewayError(
    'route_not_allowed',
    `${path} is shown to the master key, to keys of admins, and to keys whose allowed_routes name it.`,
  )
}

function requireModule({ modules, name }: KeyAccess, module: string): void {
  if (modules.includes(module)) return
  throw new GatewayError(
    'route_not_allowed',
    `The key ${name} may not be used on the module ${module}. It may be used on ${listed(modules)}.`,
  )
}

function requireRoute({ routes, name }: KeyAccess, path: string): void {
  if (isRouteAllowed(routes, path)) return
  throw new GatewayError(
    'route_not_allowed',
    `The key ${name} may not ask ${path.slice(0, 100)}. Its allowed_routes are ${listed(routes)}.`,
  )
}

/** Whether a path stands in a list of LiteLLM's route groups and of paths with stars or `{parameters}`. */
export function isRouteAllowed(routes: readonly string[], path: string): boolean {
  const forms = formsOf(path)
  return routes.some((route) => {
    const patterns = routeGroups.get(route) ?? [route.replaceAll(/\{[^/]*\}/g, '*')]
    return patterns.some((pattern) => forms.some((form) => fits(form, pattern)))
  })
}

function fits(path: string, pattern: string): boolean {
  if (!pattern.includes('*')) return path === pattern
  return createNameMatcher(pattern)(path) !== undefined
}

// What asks a model is the same thing with and without /v1, and with the model in the path.
function formsOf(path: string): readonly string[] {
  const bare = path
    .replace(/^\/v1(?=\/)/, '')
    .replace(/^\/(?:engines|openai\/deployments)\/[^/]+(?=\/)/, '')
  if (!modelRoutes.some((route) => fits(bare, route))) return [path]
  return [path, bare, `/v1${bare}`]
}

const mostListed = 20

function listed(names: readonly string[]): string {
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : ''
  return names.slice(0, mostListed).join(', ') + more
}
