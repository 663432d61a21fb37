import { hostname, networkInterfaces } from 'node:os'
import { detectCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { lastLines, StepError } from './command.ts'
import type { Run } from './command.ts'
import { parseJson } from './read-json.ts'

const patienceMs = 20_000

/** The cluster that the current kubeconfig leads to. Throws StepError where none answers. */
export async function findCluster(run: Run): Promise<Cluster> {
  const command = ['kubectl', 'get', 'nodes', '--output', 'json', '--request-timeout=10s']
  const said = await run(command, { timeoutMs: patienceMs })
  const nodes = parseJson(said.stdout)
  if (said.status !== 0 || nodes === undefined)
    throw new StepError(command, lastLines(said.stderr).join('\n'), adviceOn(said.stderr))
  return detectCluster({
    nodes,
    hostname: hostname(),
    addresses: ownAddresses(),
    ...(await minikubeProfiles(run, said.stdout)),
  })
}

/** What this machine's interfaces are called by. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  )
}

/** What to do when no cluster answers. */
export function adviceOn(said: string): string[] {
  if (said.includes('is not installed'))
    return ['Install kubectl, then run it again: https://kubernetes.io/docs/tasks/tools/']
  if (/forbidden|Unauthorized|must be logged in/i.test(said))
    return [
      'The cluster answers but does not let you: see kubectl config current-context, and who you are there with kubectl auth whoami.',
    ]
  return [
    'kubectl config current-context says which cluster is meant; KUBECONFIG or kubectl config use-context chooses another.',
    'Start it when it is down: minikube start, kind create cluster, systemctl start k3s.',
  ]
}

async function minikubeProfiles(run: Run, nodes: string): Promise<{ minikubeProfiles?: unknown }> {
  if (!nodes.includes('minikube.k8s.io/name')) return {}
  const said = await run(['minikube', 'profile', 'list', '--output', 'json'], {
    timeoutMs: patienceMs,
  })
  const profiles = parseJson(said.stdout)
  return profiles === undefined ? {} : { minikubeProfiles: profiles }
}
