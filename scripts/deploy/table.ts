import type { FleetModule } from '../../infra/fleet.ts'
import { masterKeyName } from '../../infra/env-file.ts'
import { gatewayName } from '../../infra/names.ts'
import { formatTable } from '../local/table.ts'
import type { ModuleAnswer } from './answers.ts'
import type { Cluster } from './cluster.ts'
import { isNoneDriver } from './cluster.ts'
import type { Workload } from './rollout.ts'

type Named = Pick<FleetModule, 'name' | 'nodePort'>

interface Deployed {
  readonly answers: ReadonlyMap<string, ModuleAnswer>
  readonly workloads: readonly Workload[]
  readonly keys: Readonly<Record<string, string>>
}

/** What now runs: module, address, pods, models, and the variable that holds its key. */
export function deployTable(
  modules: readonly Named[],
  { answers, workloads, keys }: Deployed,
  width = process.stdout.columns ?? 120,
): string {
  const rows = modules.map(({ name, nodePort }) => {
    const answer = answers.get(name)
    const workload = workloads.find((one) => one.isGateway && one.module === name)
    const variable = masterKeyName(name)
    return [
      name,
      answer?.url ?? `node port ${nodePort}`,
      workload === undefined ? 'none' : `${workload.ready}/${workload.wanted}`,
      keys[variable] ? variable : 'not in .env',
      answer?.models.join(' ') || answer?.fault || 'not asked',
    ]
  })
  return formatTable(['module', 'address', 'pods', 'key in .env', 'models'], rows, width)
}

interface Outlook {
  readonly answers: ReadonlyMap<string, ModuleAnswer>
  readonly cluster: Cluster
  readonly namespace: string
}

/** What to try first; and where node ports cannot be reached from here, the way round it. */
export function whatNext(
  modules: readonly Named[],
  { answers, cluster, namespace }: Outlook,
): string[] {
  const reached = modules.find(({ name }) => answers.get(name)?.url !== undefined)
  const unreached = modules.filter(({ name }) => answers.get(name)?.url === undefined)
  return [
    ...unreachedLines(unreached, cluster, namespace),
    '',
    ...(reached === undefined
      ? []
      : [
          `Try one:  curl -H "Authorization: Bearer $(grep ^${masterKeyName(reached.name)}= .env | cut -d= -f2-)" ${answers.get(reached.name)?.url}/v1/models`,
        ]),
    'Look into it:  npm run doctor      Take it away:  npm run undeploy',
  ]
}

function unreachedLines([first]: readonly Named[], cluster: Cluster, namespace: string): string[] {
  if (first === undefined) return []
  const service = gatewayName(first.name)
  return [
    '',
    `Not reached from here: ${cluster.kind === 'kind' ? 'kind passes on only the ports of extraPortMappings' : 'its node ports'}. For each such module:`,
    ...(cluster.kind === 'minikube' && !isNoneDriver(cluster)
      ? [`  minikube service --namespace ${namespace} ${service} --url`]
      : []),
    `  kubectl port-forward --namespace ${namespace} service/${service} ${first.nodePort}:4000`,
  ]
}
