import type { Platform, Routing } from '../../modules/platform.ts'

/** Where one module is found at an entrance that all modules share. */
export interface Address {
  /** Absent: any host. */
  readonly host?: string
  /** `/`, or a path of the module's own. */
  readonly path: string
}

/** The module's place at an entrance: a path of the host, or a host below it. */
export function addressOf(
  module: string,
  { host, routing }: { readonly host?: string; readonly routing: Routing },
): Address {
  if (routing === 'path') return { ...(host === undefined ? {} : { host }), path: `/${module}` }
  return { host: `${module}.${host ?? ''}`, path: '/' }
}

/** What a gateway behind an entrance has to know: the path it is offered under, and its address. */
export function entranceVariables(
  module: string,
  { ingress, gatewayApi }: Platform,
): { name: string; value: string }[] {
  const places = [ingress, gatewayApi]
    .filter((entrance) => entrance !== undefined)
    .map((entrance) => addressOf(module, entrance))
  const path = places.find((place) => place.path !== '/')?.path
  const named = places.find(({ host }) => host !== undefined)
  // A Gateway's listeners are its own; whoever names a host there serves it by TLS.
  const scheme = ingress === undefined || ingress.tlsSecret !== undefined ? 'https' : 'http'
  const url = named && `${scheme}://${named.host ?? ''}${named.path === '/' ? '' : named.path}`
  return [
    ...(path === undefined ? [] : [{ name: 'SERVER_ROOT_PATH', value: path }]),
    ...(url === undefined ? [] : [{ name: 'PUBLIC_URL', value: url }]),
  ]
}
