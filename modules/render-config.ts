import { stringify } from 'yaml'
import type { EndpointName } from './endpoints.ts'
import type { FleetMember } from './module.ts'
import { parseYaml } from './yaml-source.ts'

interface Extra {
  readonly name: string
  readonly endpoints: readonly EndpointName[]
  readonly fleet: readonly FleetMember[]
}

/** The gateway's document: the file without `deploy`, with its name, endpoints and neighbours. Stable bytes; placeholders stay as written. */
export function renderConfig(text: string, extra: Extra): string {
  const { value } = parseYaml(text)
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
