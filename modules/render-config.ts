import { stringify } from 'yaml'
import type { EndpointName } from './endpoints.ts'
import type { FleetMember } from './module.ts'
import { parseYaml } from './yaml-source.ts'

interface Extra {
  readonly name: string
  readonly endpoints: readonly EndpointName[]
  readonly fleet: readonly FleetMember[]
}

/**
 * The gateway's document: the file without `deploy`, with its name, endpoints and neighbours. Stable bytes;
 * placeholders stay as written. Takes the text, or what readModule gave as its `document`.
 */
export function renderConfig(
  source: string | Readonly<Record<string, unknown>>,
  extra: Extra,
): string {
  const value = typeof source === 'string' ? parseYaml(source).value : source
  if (!value) throw new TypeError(`the file of module ${extra.name} is not readable YAML`)
  const { deploy: _deploy, module: _module, endpoints: _endpoints, fleet: _fleet, ...rest } = value
  const document = {
    module: extra.name,
    endpoints: [...extra.endpoints],
    fleet: extra.fleet.map(({ module, port, endpoints }) => ({
      module,
      port,
      endpoints: [...endpoints],
    })),
    ...rest,
  }
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.2' })
}
