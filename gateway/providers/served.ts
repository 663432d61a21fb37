import type { EndpointName } from '../../modules/endpoints.ts'
import type { Provider, Target, Translation } from './provider.ts'

/** How a deployment serves an endpoint. */
export interface Served {
  readonly translation: Translation
  /** The endpoint is a face over chat: the translation is that of chat. */
  readonly isOverChat: boolean
}

/** Endpoints that say what chat says, in other words. */
const faces: ReadonlySet<EndpointName> = new Set(['responses', 'messages'])

/** An endpoint of the upstream's own where it is known to have it, else over its chat; undefined: not at all. */
export function servedBy(
  { endpoints }: Provider,
  endpoint: EndpointName,
  target: Pick<Target, 'isVendor' | 'info'>,
): Served | undefined {
  const own = endpoints[endpoint]
  if (own !== undefined && isSure(own, target)) return { translation: own, isOverChat: false }
  const chat = faces.has(endpoint) ? endpoints['chat-completions'] : undefined
  return chat && { translation: chat, isOverChat: true }
}

/** Whether a deployment serves an endpoint at all. */
export function serves(
  provider: Provider,
  endpoint: EndpointName,
  target: Pick<Target, 'isVendor' | 'info'>,
): boolean {
  if (!faces.has(endpoint)) return provider.endpoints[endpoint] !== undefined
  return servedBy(provider, endpoint, target) !== undefined
}

// `mode: responses` is LiteLLM's word for a server that has it.
function isSure(own: Translation, { isVendor, info }: Pick<Target, 'isVendor' | 'info'>): boolean {
  if (own.kind !== 'pass-through' || own.isSureAt === undefined) return true
  return info?.['mode'] === 'responses' || (own.isSureAt === 'vendor' && isVendor === true)
}
