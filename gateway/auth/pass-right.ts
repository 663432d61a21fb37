import { GatewayError } from '../errors/gateway-error.ts'
import type { Caller } from './keyring.ts'
import { isRouteAllowed, requireUse, type Use } from './rights.ts'

/**
 * Throws `route_not_allowed` for who may not use a provider's own API: all but the master key, keys of admins, and keys
 * whose `allowed_routes` name the path. A key that is held to some models may not: what a path costs or calls is not
 * always to be seen.
 */
export function requirePassRight(caller: Caller, use: Use): void {
  const { access, isMaster } = caller
  if (isMaster) return
  requireUse(caller, use)
  const isGranted =
    access !== undefined &&
    (access.role === 'admin' ||
      (access.routes.length > 0 && isRouteAllowed(access.routes, use.path)))
  if (isGranted && access.modelLists.length === 0) return
  throw new GatewayError(
    'route_not_allowed',
    "A provider's own API is open to the master key, to keys of admins, and to keys whose allowed_routes name its path and that may use all models. Use one of the OpenAI endpoints, such as /v1/chat/completions.",
  )
}
